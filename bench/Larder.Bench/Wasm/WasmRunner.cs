using System.Globalization;
using Larder.Wasm;

namespace Larder.Bench.Wasm;

/// <summary>
/// Runs programs in our engine, told by lines on standard input: the counterpart of bench/wasm/node-runner.mjs, which
/// says what the lines are.
/// </summary>
internal sealed class WasmRunner(CompileOptions options) : IDisposable
{
    private readonly Dictionary<string, CompiledModule> _modules = [];
    private readonly Dictionary<string, Instance> _instances = [];
    private readonly Dictionary<string, Func<string>> _programs = [];
    private readonly Store _store = new(new StoreOptions { CallDepth = 4_000_000, StackBytes = 32 << 20 });

    public static int Run(string configuration)
    {
        using var runner = new WasmRunner(RunnerConfiguration.Options(configuration));
        while (Console.ReadLine() is { } line)
        {
            Console.WriteLine(runner.Answer(line.Split('\t')));
        }

        return 0;
    }

    public void Dispose() => _store.Dispose();

    private string Answer(string[] words)
    {
        if (words[0] == "add")
        {
            _programs[words[1]] = words[2] == "wasm"
                ? Export(words[3], words[4], int.Parse(words[5], CultureInfo.InvariantCulture))
                : Script(words[3], words[4]);
            return "ok";
        }

        var program = _programs[words[1]];
        var count = int.Parse(words[2], CultureInfo.InvariantCulture);
        var before = Environment.CpuUsage.TotalTime;
        var result = "";
        for (var index = 0; index < count; index++)
        {
            result = program();
        }

        var time = Environment.CpuUsage.TotalTime - before;
        return string.Create(CultureInfo.InvariantCulture, $"{time.TotalNanoseconds:F0} {result}");
    }

    private Func<string> Export(string file, string name, int argument)
    {
        if (!_instances.TryGetValue(file, out var instance))
        {
            var abort = new WasmFunction(
                _store,
                new FunctionType([WasmType.I32, WasmType.I32, WasmType.I32, WasmType.I32], []),
                (_, _, _) => throw new InvalidOperationException("The guest called abort."));
            instance = _store.Instantiate(Module(file), new Imports().Add("env", "abort", abort));
            _instances.Add(file, instance);
        }

        var function = instance.Function(name) ?? throw new InvalidOperationException($"{file} does not export {name}.");
        return () => GuestCalls.Number(function, argument).ToString(CultureInfo.InvariantCulture);
    }

    private Func<string> Script(string file, string script)
    {
        var guest = new QuickJsGuest(_store, Module(file));
        guest.Evaluate(File.ReadAllText(script));
        return () => guest.Evaluate("main()");
    }

    private CompiledModule Module(string file)
    {
        if (!_modules.TryGetValue(file, out var module))
        {
            module = CompiledModule.Compile(File.ReadAllBytes(file), options);
            _modules.Add(file, module);
        }

        return module;
    }
}
