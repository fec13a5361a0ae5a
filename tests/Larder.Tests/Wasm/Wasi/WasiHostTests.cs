using Larder.Wasm;
using Larder.Wasm.Wasi;
using static Larder.Tests.Wasm.ModuleBytes;

namespace Larder.Tests.Wasm.Wasi;

/// <summary>The functions as modules import them, and how programs end.</summary>
public sealed class WasiHostTests
{
    private const byte LocalGet = 0x20;
    private const byte Call = 0x10;
    private const byte Constant = 0x41;
    private const byte Unreachable = 0x00;
    private const byte Drop = 0x1A;

    // The functions of the specification with a letter for each parameter: i for 32 bits, I for 64.
    private static readonly Dictionary<string, string> Functions = new()
    {
        ["args_get"] = "ii", ["args_sizes_get"] = "ii", ["environ_get"] = "ii", ["environ_sizes_get"] = "ii",
        ["clock_res_get"] = "ii", ["clock_time_get"] = "iIi", ["fd_advise"] = "iIIi", ["fd_allocate"] = "iII",
        ["fd_close"] = "i", ["fd_datasync"] = "i", ["fd_fdstat_get"] = "ii", ["fd_fdstat_set_flags"] = "ii",
        ["fd_fdstat_set_rights"] = "iII", ["fd_filestat_get"] = "ii", ["fd_filestat_set_size"] = "iI",
        ["fd_filestat_set_times"] = "iIIi", ["fd_pread"] = "iiiIi", ["fd_prestat_get"] = "ii",
        ["fd_prestat_dir_name"] = "iii", ["fd_pwrite"] = "iiiIi", ["fd_read"] = "iiii", ["fd_readdir"] = "iiiIi",
        ["fd_renumber"] = "ii", ["fd_seek"] = "iIii", ["fd_sync"] = "i", ["fd_tell"] = "ii", ["fd_write"] = "iiii",
        ["path_create_directory"] = "iii", ["path_filestat_get"] = "iiiii", ["path_filestat_set_times"] = "iiiiIIi",
        ["path_link"] = "iiiiiii", ["path_open"] = "iiiiiIIii", ["path_readlink"] = "iiiiii",
        ["path_remove_directory"] = "iii", ["path_rename"] = "iiiiii", ["path_symlink"] = "iiiii",
        ["path_unlink_file"] = "iii", ["poll_oneoff"] = "iiii", ["proc_raise"] = "i", ["random_get"] = "ii",
        ["sched_yield"] = "", ["sock_accept"] = "iii", ["sock_recv"] = "iiiiii", ["sock_send"] = "iiiii",
        ["sock_shutdown"] = "ii",
    };

    [Fact]
    public void Every_function_of_the_specification_is_there()
    {
        using var store = new Store();
        using var host = new WasiHost();

        var names = host.AddTo(new Imports(), store).Names.ToArray();

        Assert.All(names, static name => Assert.Equal("wasi_snapshot_preview1", name.Module));
        Assert.Equal(Functions.Keys.Append("proc_exit").Order(), names.Select(static name => name.Name).Order());
    }

    [Fact]
    public void Arguments_that_are_all_ones_do_no_harm()
    {
        using var store = new Store();
        using var host = new WasiHost(new WasiOptions { Randomness = WasiRandomness.Seeded(1) });
        foreach (var (name, signature) in Functions)
        {
            var instance = store.Instantiate(CompiledModule.Compile(Wrapper(name, signature)), host.AddTo(new Imports(), store));
            foreach (var value in (long[])[-1, 0, 1, 3, 65_535, int.MinValue, int.MaxValue])
            {
                WasmValue[] arguments =
                [
                    .. signature.Select(letter => letter == 'i' ? WasmValue.FromI32((int)value) : WasmValue.FromI64(value)),
                ];

                var trap = instance.Function("call")!.TryCall(out var results, arguments);

                Assert.True(trap is null, $"{name}: {trap}");
                Assert.InRange(Assert.Single(results!).I32, 0, 76);
            }
        }
    }

    [Fact]
    public void Random_calls_never_reach_anything_outside()
    {
        const int Calls = 30_000;
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var directory = Directory.CreateTempSubdirectory("larder-wasi-");
        var granted = directory.CreateSubdirectory("granted").FullName;
        var secret = Path.Combine(directory.CreateSubdirectory("outside").FullName, "secret");
        File.WriteAllText(secret, "secret");
        File.CreateSymbolicLink(Path.Combine(granted, "way-out"), "../outside");
        using var store = new Store();
        using var host = new WasiHost(new WasiOptions
        {
            Directories = [new WasiDirectory(granted, "/", IsWritable: true)],
            Randomness = WasiRandomness.Seeded(1),
            MaximumFileBytes = 100_000,
            MaximumDescriptors = 64,
        });
        var instance = store.Instantiate(CompiledModule.Compile(Wrappers()), host.AddTo(new Imports(), store));
        var words = Words(instance.Memory("memory")!);
        var functions = Functions.Keys.Select(name => (Name: name, Function: instance.Function(name)!)).ToArray();

        var successes = 0;
        for (var call = 0; call < Calls; call++)
        {
            var (name, function) = functions[random.Next(functions.Length)];
            var arguments = Arguments(random, function.Type, words);
            var trap = function.TryCall(out var results, arguments);
            Assert.True(trap is null, $"{name}({string.Join(", ", arguments)}): {trap}");
            Assert.InRange(results![0].I32, 0, 76);
            successes += results[0].I32 == 0 ? 1 : 0;
        }

        Assert.True(successes > Calls / 50, $"Only {successes} calls did anything.");
        Assert.Equal("secret", File.ReadAllText(secret));
        Assert.Equal(
            [secret], Directory.EnumerateFileSystemEntries(directory.FullName, "*", SearchOption.AllDirectories)
                .Where(path => path.StartsWith(Path.Combine(directory.FullName, "outside") + "/", StringComparison.Ordinal)));
        directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(42)]
    [InlineData(-1)]
    public void An_exit_is_a_result_and_not_an_error(int code)
    {
        using var store = new Store();
        using var host = new WasiHost();
        var bytes = Program([Constant, .. Signed(code), Call, 0, Unreachable]);
        var instance = store.Instantiate(CompiledModule.Compile(bytes), host.AddTo(new Imports(), store));

        Assert.Equal(new WasiResult(code, null), host.Run(instance));
        Assert.Equal(code, Assert.Throws<WasiExitException>(() => instance.Function("_start")!.Call([], [])).ExitCode);
    }

    [Fact]
    public void A_program_that_returns_has_ended_well_and_one_that_traps_has_not()
    {
        using var store = new Store();
        using var host = new WasiHost();
        var good = store.Instantiate(CompiledModule.Compile(Program([])), host.AddTo(new Imports(), store));
        var bad = store.Instantiate(CompiledModule.Compile(Program([Unreachable])), host.AddTo(new Imports(), store));

        Assert.Equal(new WasiResult(0, null), host.Run(good));
        Assert.Equal(TrapKind.Unreachable, host.Run(bad).Trap!.Kind);
        Assert.Equal(default, host.Initialize(good));
    }

    [Fact]
    public void A_module_without_a_memory_gets_answers_too()
    {
        using var store = new Store();
        using var host = new WasiHost();
        var module = CompiledModule.Compile(Wrapper("args_get", "ii", withMemory: false));
        var instance = store.Instantiate(module, host.AddTo(new Imports(), store));

        instance.Function("call")!.TryCall(out var results, 0, 0);

        Assert.Equal((int)Errno.Fault, results![0].I32);
    }

    [Fact]
    public void What_is_no_program_cannot_be_run()
    {
        using var store = new Store();
        var host = new WasiHost();
        var instance = store.Instantiate(CompiledModule.Compile(Wrapper("fd_close", "i")), host.AddTo(new Imports(), store));

        Assert.Throws<ArgumentException>(() => host.Run(instance));
        host.Dispose();
        Assert.Throws<ObjectDisposedException>(() => host.Run(instance));
    }

    // A module that exports an import behind a function of its own.
    private static byte[] Wrapper(string name, string signature, bool withMemory = true)
    {
        byte[] parameters = [.. signature.Select(static letter => letter == 'i' ? I32 : I64)];
        byte[] code = [.. Enumerable.Range(0, signature.Length).SelectMany(static index => (byte[])[LocalGet, (byte)index]), Call, 0];
        byte[][] exports = withMemory
            ? [[.. Name("call"), 0, 1], [.. Name("memory"), 2, 0]]
            : [[.. Name("call"), 0, 1]];
        return Module(
            List(1, Type(parameters, [I32])),
            List(2, [.. Name("wasi_snapshot_preview1"), .. Name(name), 0, 0]),
            List(3, [0]),
            withMemory ? List(5, [0, 1]) : [],
            List(7, exports),
            List(10, Body(code)));
    }

    // A module that exports every import under its name.
    private static byte[] Wrappers()
    {
        var all = Functions.ToArray();
        var types = all.Select(static pair => Type([.. pair.Value.Select(static letter => letter == 'i' ? I32 : I64)], [I32]));
        var imports = all.Select(static (pair, index) => (byte[])[.. Name("wasi_snapshot_preview1"), .. Name(pair.Key), 0, (byte)index]);
        var exports = all.Select((pair, index) => (byte[])[.. Name(pair.Key), 0, .. U32((uint)(all.Length + index))]);
        var bodies = all.Select(static (pair, index) => Body(
            [.. Enumerable.Range(0, pair.Value.Length).SelectMany(static local => (byte[])[LocalGet, (byte)local]), Call, (byte)index]));
        return Module(
            List(1, [.. types]),
            List(2, [.. imports]),
            List(3, [.. all.Select(static (_, index) => (byte[])[(byte)index])]),
            List(5, [0, 1]),
            List(7, [.. exports, [.. Name("memory"), 2, 0]]),
            List(10, [.. bodies]));
    }

    // Puts words that mean something as paths into the memory.
    private static (int Address, int Length)[] Words(WasmMemory memory)
    {
        var address = 1024;
        return
        [
            .. ((string[])["a", "b", "a/b", "a/..", ".", "..", "../outside/secret", "way-out/secret", "way-out", "/etc/passwd", "a/../../outside"])
                .Select(word =>
                {
                    var bytes = System.Text.Encoding.UTF8.GetBytes(word);
                    bytes.CopyTo(memory.Span((ulong)address, bytes.Length));
                    address += 64;
                    return (address - 64, bytes.Length);
                }),
        ];
    }

    private static WasmValue[] Arguments(Random random, FunctionType type, (int Address, int Length)[] words)
    {
        var values = new WasmValue[type.Parameters.Length];
        for (var index = 0; index < values.Length; index++)
        {
            var word = words[random.Next(words.Length)];
            if (type.Parameters[index] == WasmType.I32 && index + 1 < values.Length
                && type.Parameters[index + 1] == WasmType.I32 && random.Next(2) == 0)
            {
                values[index++] = word.Address;
                values[index] = word.Length;
                continue;
            }

            var value = random.Next(8) switch
            {
                0 => random.NextInt64(),
                1 => -1,
                2 => random.Next(65_536),
                3 => unchecked((long)(ulong.MaxValue >> random.Next(64))),
                _ => random.Next(8),
            };
            values[index] = type.Parameters[index] == WasmType.I32 ? WasmValue.FromI32((int)value) : WasmValue.FromI64(value);
        }

        return values;
    }

    // A program that can do nothing but exit.
    private static byte[] Program(byte[] code) => Module(
        List(1, Type([I32], []), Type([], [])),
        List(2, [.. Name("wasi_snapshot_preview1"), .. Name("proc_exit"), 0, 0]),
        List(3, [1]),
        List(5, [0, 1]),
        List(7, [.. Name("_start"), 0, 1], [.. Name("memory"), 2, 0]),
        List(10, Body([Constant, 0, Drop, .. code])));

    private static byte[] Signed(int value) => value is >= -64 and < 64 ? [(byte)(value & 0x7F)] : throw new ArgumentOutOfRangeException(nameof(value));
}
