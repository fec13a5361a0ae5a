using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Security.Cryptography;
using Larder.Tests.Wasm.Generation;
using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Lifetime;

/// <summary>
/// Modules come and go, on one thread and on many, and leave nothing behind. LARDER_WASM_ROUNDS makes the runs longer.
/// </summary>
[Collection(nameof(CompileRoundsTests))]
[CollectionDefinition(nameof(CompileRoundsTests), DisableParallelization = true)]
public sealed class CompileRoundsTests
{
    private static readonly int Rounds =
        int.TryParse(Environment.GetEnvironmentVariable("LARDER_WASM_ROUNDS"), CultureInfo.InvariantCulture, out var value) ? value : 10_000;

    [Fact]
    public void Rounds_of_compiling_saving_loading_and_unloading_do_not_grow()
    {
        for (var round = 0; round < Rounds / 5; round++)
        {
            CompileSaveLoad(round % 3);
        }

        Collect();
        var (memory, contexts) = (Process.GetCurrentProcess().WorkingSet64, Contexts());
        for (var round = 0; round < Rounds; round++)
        {
            CompileSaveLoad(round % 3);
        }

        Collect();
        var grown = Process.GetCurrentProcess().WorkingSet64 - memory;
        Assert.True(grown < 48 << 20, $"{grown >> 20} MB more after {Rounds} rounds");
        Assert.InRange(Contexts(), 0, contexts + 8);
    }

    [Fact]
    public void Modules_with_ever_new_types_do_not_grow()
    {
        for (var number = 0; number < Rounds / 5; number++)
        {
            UseTypes(number);
        }

        Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var number = 0; number < Rounds; number++)
        {
            UseTypes(1_000_000 + number);
        }

        Collect();
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 4 << 20, $"{grown >> 10} KB more after {Rounds} modules");
    }

    [Fact]
    public async Task Eight_threads_compile_and_run_the_same_and_different_modules()
    {
        var modules = Enumerable.Range(1, 6).Select(static seed => ModuleGenerator.Generate(seed)).ToArray();
        var shared = modules.Select(static module => CompiledModule.Compile(module.Bytes)).ToArray();
        var expected = modules.Select((module, index) => EngineRunner.Run(module, shared[index]).Lines).ToArray();
        var failures = 0;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Factory.StartNew(
            () =>
            {
                for (var round = 0; round < 12; round++)
                {
                    var index = (thread + round) % modules.Length;
                    var compiled = round % 2 == 0
                        ? shared[index]
                        : CompiledModule.Compile(modules[index].Bytes, new CompileOptions { Fuel = round % 4 == 1 });
                    if (!EngineRunner.Run(modules[index], compiled).Lines.SequenceEqual(expected[index]))
                    {
                        Interlocked.Increment(ref failures);
                    }
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        Assert.Equal(0, failures);
    }

    [Fact]
    public void A_module_is_saved_as_the_same_bytes_every_time()
    {
        for (var seed = 1; seed < 6; seed++)
        {
            var module = ModuleGenerator.Generate(seed, giant: seed == 5);
            foreach (var options in new CompileOptions[] { new(), new() { Fuel = true, CanonicalNaNs = true, MemoryChecks = MemoryChecks.Explicit } })
            {
                var first = CompiledModule.Compile(module.Bytes, options).Save();
                var second = CompiledModule.Compile((byte[])module.Bytes.Clone(), options).Save();
                var again = CompiledModule.Load(first, Convert.ToHexStringLower(SHA256.HashData(module.Bytes)), options).Save();

                Assert.True(first.AsSpan().SequenceEqual(second), $"seed {seed}");
                Assert.True(first.AsSpan().SequenceEqual(again), $"seed {seed}");
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CompileSaveLoad(int number)
    {
        var bytes = Module(
            List(1, Type([I32], [I32])), List(3, [0]), List(5, [0, 1]), List(7, [.. Name("f"), 0, 0]),
            List(10, Body(0x20, 0, 0x41, (byte)number, 0x6A)));
        var compiled = CompiledModule.Compile(bytes);
        if (number != 0)
        {
            compiled = CompiledModule.Load(compiled.Save(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        }

        using var store = new Store();
        Assert.Null(store.Instantiate(compiled).Function("f")!.TryCall(out var results, 40)); // The module exports it.
        Assert.Equal(40 + number, results![0].I32);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void UseTypes(int number)
    {
        // The number in binary, as parameters of two types.
        byte[] parameters = [.. Enumerable.Range(0, 24).Select(bit => (number >> bit & 1) == 0 ? I32 : I64)];
        var bytes = Module(List(1, Type(parameters, [])), List(3, [0]), List(7, [.. Name("f"), 0, 0]), List(10, Body()));
        using var store = new Store();
        var function = store.Instantiate(CompiledModule.Compile(bytes)).Function("f")!; // The module exports it.
        Assert.Equal(24, function.Type.Parameters.Length);
    }

    private static int Contexts() => AssemblyLoadContext.All.Count();

    private static void Collect()
    {
        for (var round = 0; round < 6; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
