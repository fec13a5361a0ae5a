using System.Diagnostics;
using Larder.Wasm;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Validation;

/// <summary>
/// Damaged modules: whatever the bytes are, parsing ends soon, in little memory, with a module or a
/// <see cref="WasmException"/>. LARDER_WASM_FUZZ_SEED replays a run, LARDER_WASM_FUZZ_ROUNDS makes it longer.
/// </summary>
public sealed class MutationTests
{
    private const WasmFeatures All = WasmFeatures.Default | WasmFeatures.Memory64;

    // Little bytes of meaning: section ids, types, opcodes, ends of integers.
    private static readonly byte[] Telling =
        [0, 1, 2, 5, 0x0B, 0x0E, 0x10, 0x1A, 0x28, 0x40, 0x41, 0x6A, 0x70, 0x7B, 0x7F, 0x80, 0xFC, 0xFD, 0xFF];

    private static readonly ModuleLimits Limits = new() { ElementItems = 100_000, Functions = 100_000 };

    [Fact]
    public void Damaged_handmade_modules_give_a_module_or_a_wasm_exception()
    {
        byte[][] modules =
        [
            Function([I32], [I64], 0x20, 0, 0x04, Empty, 0x41, 0, 0x28, 2, 0, 0x1A, 0x05, 0x10, 0, End, 0x42, 1),
            Function([], [], 0x02, Empty, 0x41, 0, 0x0E, 1, 0, 1, End, 0x41, 0, 0x11, 0, 0, 0xD2, 0, 0x1A),
            Function([I32, I64], [F32], 0x20, 0, 0x20, 1, 0x03, 2, 0x1A, 0xB2, End),
            Module(
                Section(0, [.. Name("name"), .. Section(0, Name("m")), .. Section(1, Vector([0, .. Name("f")]))]),
                List(1, Type([I32], [I32, I64])),
                List(2, [.. Name("m"), .. Name("g"), 3, I32, 0]),
                List(4, [0x40, 0, FuncRef, 1, 1, 9, 0xD0, FuncRef, End]),
                List(5, [5, 1, 2], [0, 1]),
                List(6, [I32, 0, 0x23, 0, 0x41, 2, 0x6C, End]),
                List(9, [4, 0x41, 0, End, 1, 0xD0, FuncRef, End], [3, 0, 0]),
                List(11, [2, 1, 0x41, 0, End, 1, 7])),
        ];

        Run(modules, rounds: 30_000);
    }

    [Fact]
    public void Damaged_modules_of_the_official_suite_give_a_module_or_a_wasm_exception()
    {
        var archive = Path.Combine(Shared(), "wasm-spec", "wasm-spec-json.tar.xz");
        Assert.SkipUnless(File.Exists(archive), "The official suite is not here (LARDER_SHARED or ../shared).");
        var folder = Directory.CreateTempSubdirectory("larder-wasm-suite");
        try
        {
            using (var tar = Process.Start("tar", ["-xJf", archive, "-C", folder.FullName, "--wildcards", "*.0.wasm"]))
            {
                tar.WaitForExit();
                Assert.Equal(0, tar.ExitCode);
            }

            byte[][] modules =
            [
                .. folder.EnumerateFiles("*.wasm", SearchOption.AllDirectories)
                    .OrderBy(static f => f.FullName, StringComparer.Ordinal)
                    .Where(static f => f.Length < 32 * 1024)
                    .Select(static f => File.ReadAllBytes(f.FullName)),
            ];
            Assert.True(modules.Length > 100);

            Run(modules, rounds: 20_000);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Run(byte[][] modules, int rounds)
    {
        var seed = Setting("LARDER_WASM_FUZZ_SEED", Random.Shared.Next());
        rounds = Setting("LARDER_WASM_FUZZ_ROUNDS", rounds);
        TestContext.Current.SendDiagnosticMessage($"LARDER_WASM_FUZZ_SEED={seed}");
        var random = new Random(seed);
        int taken = 0, refused = 0;
        for (var round = 0; round < rounds; round++)
        {
            var bytes = Damage(modules[random.Next(modules.Length)], modules[random.Next(modules.Length)], random);
            var memory = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.GetTimestamp();
            try
            {
                WasmModule.Parse(bytes, Limits, All, threads: 1);
                taken++;
            }
            catch (WasmException exception)
            {
                Assert.True(
                    exception.Location.Offset <= bytes.Length, $"seed {seed}, round {round}: {exception.Message}");
                refused++;
            }
            catch (Exception exception) when (exception is not WasmException)
            {
                Assert.Fail($"seed {seed}, round {round}, {Convert.ToHexString(bytes)}: {exception}");
            }

            var elapsed = Stopwatch.GetElapsedTime(clock);
            memory = GC.GetAllocatedBytesForCurrentThread() - memory;
            Assert.True(elapsed < TimeSpan.FromSeconds(10), $"seed {seed}, round {round}: {elapsed}");
            Assert.True(
                memory < (1 << 20) + (100L * bytes.Length), $"seed {seed}, round {round}: {memory} of {bytes.Length}");
        }

        // Damage that is never found, or always, would test nothing.
        Assert.True(taken > rounds / 100, $"seed {seed}: {taken} of {rounds} are taken");
        Assert.True(refused > rounds / 10, $"seed {seed}: {refused} of {rounds} are refused");
    }

    private static byte[] Damage(byte[] module, byte[] other, Random random)
    {
        var bytes = module.ToList();
        for (var count = random.Next(1, 5); count > 0 && bytes.Count > HeaderLength; count--)
        {
            var at = random.Next(HeaderLength, bytes.Count);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] = Telling[random.Next(Telling.Length)];
                    break;
                case 2:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 3:
                    bytes.Insert(at, Telling[random.Next(Telling.Length)]);
                    break;
                case 4:
                    bytes.RemoveAt(at);
                    break;
                case 5:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 16), bytes.Count - at));
                    break;
                default:
                    var from = random.Next(other.Length);
                    bytes.InsertRange(at, other.AsSpan(from, random.Next(Math.Min(24, other.Length - from))));
                    break;
            }
        }

        return [.. bytes];
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;

    private static string Shared()
    {
        if (Environment.GetEnvironmentVariable("LARDER_SHARED") is { Length: > 0 } named)
        {
            return named;
        }

        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Larder.slnx")))
        {
            at = at.Parent;
        }

        return Path.Combine(at?.FullName ?? ".", "..", "shared");
    }
}
