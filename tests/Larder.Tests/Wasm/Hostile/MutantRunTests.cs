using System.Globalization;
using Larder.Tests.Wasm.Generation;
using Larder.Wasm;

namespace Larder.Tests.Wasm.Hostile;

/// <summary>
/// Damaged modules that are still valid are compiled, instantiated and called, with little fuel and a deadline: whatever
/// they do, they end as results, traps or <see cref="WasmException"/>s. LARDER_WASM_SEED replays a run,
/// LARDER_WASM_MUTANTS makes it longer.
/// </summary>
public sealed class MutantRunTests
{
    private static readonly CompileOptions[] Options =
    [
        new() { Fuel = true },
        new() { Fuel = true, MemoryChecks = MemoryChecks.Explicit, CanonicalNaNs = true },
    ];

    [Fact]
    public void Damaged_modules_that_are_valid_run_to_an_end()
    {
        var seed = Setting("LARDER_WASM_SEED", Random.Shared.Next());
        TestContext.Current.SendDiagnosticMessage($"LARDER_WASM_SEED={seed}");
        var random = new Random(seed);
        int valid = 0, ended = 0, trapped = 0;
        var rounds = Setting("LARDER_WASM_MUTANTS", 1500);
        byte[] original = [];
        for (var round = 0; round < rounds; round++)
        {
            if (round % 100 == 0)
            {
                original = ModuleGenerator.Generate(random.Next()).Bytes;
            }

            var bytes = (byte[])original.Clone();
            for (var count = random.Next(1, 4); count > 0; count--)
            {
                bytes[random.Next(8, bytes.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : original[random.Next(8, original.Length)]);
            }

            CompiledModule compiled;
            try
            {
                compiled = CompiledModule.Compile(bytes, Options[round % Options.Length]);
            }
            catch (WasmException)
            {
                continue;
            }

            valid++;
            try
            {
                Run(compiled, ref ended, ref trapped);
            }
            catch (Exception exception) when (exception is not WasmException)
            {
                Assert.Fail($"seed {seed}, round {round}, {Convert.ToHexString(bytes)}: {exception}");
            }
            catch (WasmException)
            {
                // It lacks an import, or cannot start.
            }
        }

        Assert.True(valid > rounds / 50, $"seed {seed}: {valid} of {rounds} are valid");
        Assert.True(ended > 0 && trapped > 0, $"seed {seed}: {ended} calls end, {trapped} trap");
    }

    private static void Run(CompiledModule compiled, ref int ended, ref int trapped)
    {
        using var store = new Store(new StoreOptions { Fuel = 200_000, MemoryPages = 64, TableElements = 1000 });
        using var deadline = store.Deadline(TimeSpan.FromSeconds(10));
        var imports = new Imports();
        foreach (var import in compiled.Module.Imports.Where(static import => import.Kind == ExternKind.Function))
        {
            imports.Add(import.Module, import.Name, new WasmFunction(store, import.Function!, (_, _, _) => { })); // It is a function.
        }

        var instance = store.Instantiate(compiled, imports);
        foreach (var export in compiled.Module.Exports.Where(static export => export.Kind == ExternKind.Function))
        {
            var function = instance.Function(export.Name)!; // It is exported.
            WasmValue[] arguments = [.. function.Type.Parameters.Select(static type => type == WasmType.I32 ? WasmValue.FromI32(3) : WasmValue.Default(type))];
            instance.Fuel = 200_000;
            var trap = function.TryCall(out _, arguments);
            ended += trap is null ? 1 : 0;
            trapped += trap is null ? 0 : 1;
            Assert.NotEqual(TrapKind.Interrupted, trap?.Kind);
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
