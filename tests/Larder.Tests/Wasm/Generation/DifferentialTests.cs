using System.Globalization;
using System.Security.Cryptography;
using Larder.Wasm;

namespace Larder.Tests.Wasm.Generation;

/// <summary>
/// Generated modules do the same here, in every configuration, as in Node.js. LARDER_WASM_SEED replays a run,
/// LARDER_WASM_MODULES says how many modules there are.
/// </summary>
public sealed class DifferentialTests
{
    private static readonly (string Name, CompileOptions Options)[] Configurations =
    [
        ("auto", new()),
        ("explicit", new() { MemoryChecks = MemoryChecks.Explicit }),
        ("fuel", new() { Fuel = true }),
        ("explicit, fuel, canonical", new() { MemoryChecks = MemoryChecks.Explicit, Fuel = true, CanonicalNaNs = true }),
        ("counted", new() { MemoryChecks = MemoryChecks.Explicit, Fuel = true, CanonicalNaNs = true, CallDepth = true }),
        ("canonical", new() { CanonicalNaNs = true }),
    ];

    [Fact]
    public void Generated_modules_do_what_they_do_in_node() => Compare(count: 150, giant: false);

    [Fact]
    public void Functions_that_are_too_long_for_the_jit_compiler_do_what_they_do_in_node() => Compare(count: 6, giant: true);

    [Fact]
    public void Giant_functions_of_the_generator_are_split()
    {
        var split = Enumerable.Range(1, 10)
            .Count(static seed => CompiledModule.Compile(ModuleGenerator.Generate(seed, giant: true).Bytes).SplitParts() > 0);

        Assert.InRange(split, 2, 10);
    }

    [Fact]
    public void Canonical_NaNs_are_the_same_bits_in_every_configuration()
    {
        (string Name, CompileOptions Options)[] canonical =
        [
            .. Configurations.Select(static one => (one.Name, one.Options with { CanonicalNaNs = true })),
            ("kept", new() { CanonicalNaNs = true, Unloadable = false }),
        ];
        var seed = Seed();
        for (var index = 0; index < Count(30); index++)
        {
            var module = ModuleGenerator.Generate(seed + index, keepNaNs: true);

            var expected = Run(module, canonical[0].Options, isSaved: false).Lines;
            foreach (var (name, options) in canonical.AsSpan(1))
            {
                Equal(module, name, expected, Run(module, options, isSaved: false).Lines);
            }
        }
    }

    private static void Compare(int count, bool giant)
    {
        using var node = NodeRunner.TryStart();
        Assert.SkipWhen(node is null, "There is no Node.js on this machine ('node').");
        var seed = Seed();
        int split = 0, traps = 0, calls = 0;
        for (var index = 0; index < Count(count); index++)
        {
            var module = ModuleGenerator.Generate(seed + index, giant: giant);
            var expected = node!.Run(module); // Not null: skipped above.
            long[]? fuel = null;
            foreach (var (name, options) in Configurations)
            {
                var (lines, used, parts) = Run(module, options, isSaved: false);
                Equal(module, name, expected, lines);
                split += parts > 0 ? 1 : 0;
                if (options.Fuel)
                {
                    fuel ??= used;
                    Assert.True(fuel.SequenceEqual(used), $"seed {module.Seed}, {name}: the fuel that calls take differs");
                }
            }

            Equal(module, "saved and loaded", expected, Run(module, Configurations[0].Options, isSaved: true).Lines);
            traps += expected.Count(static line => line.Contains(": trap ", StringComparison.Ordinal));
            calls += expected.Length;
        }

        TestContext.Current.SendDiagnosticMessage($"seed {seed}: {calls} calls, {traps} traps, {split} times split");

        // A generator whose modules only trap, or never do, would test little.
        Assert.InRange(traps, 1, calls * 3 / 4);
    }

    private static (string[] Lines, long[] Fuel, int Parts) Run(GeneratedModule module, CompileOptions options, bool isSaved)
    {
        try
        {
            var compiled = CompiledModule.Compile(module.Bytes, options);
            if (isSaved)
            {
                compiled = CompiledModule.Load(compiled.Save(), Convert.ToHexStringLower(SHA256.HashData(module.Bytes)), options);
            }

            var (lines, fuel) = EngineRunner.Run(module, compiled);
            return (lines, fuel, compiled.SplitParts());
        }
        catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException($"seed {module.Seed}, {options}: {exception.Message}", exception);
        }
    }

    private static void Equal(GeneratedModule module, string configuration, string[] expected, string[] actual)
    {
        for (var index = 0; index < Math.Max(expected.Length, actual.Length); index++)
        {
            var one = index < expected.Length ? expected[index] : "nothing";
            var other = index < actual.Length ? actual[index] : "nothing";
            Assert.True(one == other, $"LARDER_WASM_SEED={module.Seed}, {configuration}, call {index}:\n{one}\n{other}");
        }
    }

    private static int Seed()
    {
        var seed = Setting("LARDER_WASM_SEED", Random.Shared.Next());
        TestContext.Current.SendDiagnosticMessage($"LARDER_WASM_SEED={seed}");
        return seed;
    }

    private static int Count(int count) => Setting("LARDER_WASM_MODULES", count);

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
