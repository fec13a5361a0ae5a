using System.Collections.Immutable;
using System.Text.Json;
using Larder.Wasm;

namespace Larder.Tests.Wasm.Specification;

/// <summary>
/// Runs the commands of one script of the suite, each of which passes or fails for itself. A module that cannot be
/// instantiated leaves no current module, so that what the script says about it fails as well.
/// </summary>
internal sealed class ScriptRunner : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _directory;
    private readonly SuiteConfiguration _configuration;
    private readonly Store _store;
    private readonly Imports _imports;
    private readonly ScriptValues _values = new();
    private readonly Dictionary<string, Instance> _instances = [];
    private readonly Dictionary<string, CompiledModule> _definitions = [];
    private CompiledModule? _definition;
    private Instance? _current;

    private ScriptRunner(string directory, SuiteConfiguration configuration)
    {
        _directory = directory;
        _configuration = configuration;
        _store = new Store();
        _imports = SpectestModule.AddTo(new Imports(), _store);
    }

    /// <summary>Runs a script in a store of its own.</summary>
    /// <param name="file">The script.</param>
    /// <param name="directory">Where its commands and modules are.</param>
    /// <param name="configuration">How its modules are run.</param>
    public static ImmutableArray<CommandResult> Run(
        SpecificationFile file, string directory, SuiteConfiguration configuration)
    {
        using var runner = new ScriptRunner(directory, configuration);
        using var watchdog = new CancellationTokenSource(Patience);
        using var registration = watchdog.Token.Register(runner._store.Interrupt);
        var text = File.ReadAllBytes(Path.Combine(directory, Path.GetFileName(file.Name) + ".json"));
        using var script = JsonDocument.Parse(text);

        var results = ImmutableArray.CreateBuilder<CommandResult>();
        var (lastLine, onLine) = (0, 0);
        foreach (var command in script.RootElement.GetProperty("commands").EnumerateArray())
        {
            var line = command.GetProperty("line").GetInt32();
            onLine = line == lastLine ? onLine + 1 : 1;
            lastLine = line;
            var place = onLine == 1 ? $"{line}" : $"{line}.{onLine}";
            results.Add(new CommandResult(file.Name, place, Text(command, "type")!, runner.Try(command)));
        }

        return results.ToImmutable();
    }

    public void Dispose() => _store.Dispose();

    private string? Try(JsonElement command)
    {
        try
        {
            return Execute(command);
        }
        catch (Exception exception)
        {
            // The engine's own bugs are failures of the one command, so that a run shows all of them.
            return exception is WasmException { Kind: var kind }
                ? $"{kind}: {exception.Message}"
                : $"{exception.GetType().Name}: {exception.Message} {exception.StackTrace?.Split('\n')[0].Trim()}";
        }
    }

    // Null when the command passed. Every command is known: a new one must not pass unseen.
    private string? Execute(JsonElement command) => Text(command, "type") switch
    {
        "module" => InstantiateModule(command),
        "module_definition" => Define(command),
        "module_instance" => InstantiateDefinition(command),
        "register" => Register(command),
        "action" => Act(command, out _)?.ToString(),
        "assert_return" => AssertReturn(command),
        "assert_trap" or "assert_exhaustion" => AssertTrap(command),
        "assert_unlinkable" => AssertRefused(command, WasmErrorKind.Unlinkable),
        "assert_uninstantiable" => AssertRefused(command, WasmErrorKind.Uninstantiable),
        "assert_invalid" => AssertRefused(command, WasmErrorKind.Invalid),
        "assert_malformed" => AssertRefused(command, WasmErrorKind.Malformed),
        "unconverted" or "module_unconverted" => "there is no binary form of it in the suite's data",
        var other => $"the command {other} is not known",
    };

    private string? InstantiateModule(JsonElement command)
    {
        _current = null;
        _definition = null;
        _definition = Load(command);
        SetCurrent(_definition, Text(command, "name"));
        return null;
    }

    private string? Define(JsonElement command)
    {
        _definition = null;
        _definition = Load(command);
        if (Text(command, "name") is { } name)
        {
            _definitions[name] = _definition;
        }

        return null;
    }

    private string? InstantiateDefinition(JsonElement command)
    {
        _current = null;
        var definition = Text(command, "module") is { } name ? _definitions[name] : _definition;
        SetCurrent(definition!, Text(command, "instance")); // A failed definition makes this command fail as well.
        return null;
    }

    private void SetCurrent(CompiledModule module, string? name)
    {
        if (name is not null)
        {
            _instances.Remove(name);
        }

        _current = _store.Instantiate(module, _imports);
        if (name is not null)
        {
            _instances[name] = _current;
        }
    }

    private string? Register(JsonElement command)
    {
        _imports.Add(Text(command, "as")!, Instance(Text(command, "name"))); // The name is always there.
        return null;
    }

    private string? AssertReturn(JsonElement command)
    {
        if (Act(command, out var results) is { } trap)
        {
            return $"trapped: {trap}";
        }

        // Negation is no arithmetic: it turns the sign of a canonical NaN, too.
        var exactNaNs = _configuration.Options.CanonicalNaNs
            && !Text(command.GetProperty("action"), "field")!.Contains("neg", StringComparison.Ordinal);
        var expected = command.GetProperty("expected");
        var matches = expected.GetArrayLength() == results.Length;
        for (var index = 0; matches && index < results.Length; index++)
        {
            matches = _values.Matches(expected[index], results[index], exactNaNs);
        }

        return matches ? null : $"got {Describe(results)} for {expected.GetRawText()}";
    }

    private string? AssertTrap(JsonElement command)
    {
        var trap = Act(command, out var results);
        if (trap is null)
        {
            return $"returned {Describe(results)} instead of a trap";
        }

        return IsAsExpected(trap, command) ? null : $"trapped with '{trap.Message}', expected '{Text(command, "text")}'";
    }

    private string? AssertRefused(JsonElement command, WasmErrorKind kind)
    {
        if (Text(command, "module_type") != "binary")
        {
            return "it is given in the text format";
        }

        try
        {
            var module = Load(command);
            if (kind is WasmErrorKind.Invalid or WasmErrorKind.Malformed)
            {
                return "the module was taken";
            }

            _store.Instantiate(module, _imports);
            return "the module was instantiated";
        }
        catch (WasmException exception)
        {
            return exception.Kind == kind && (exception.Trap is not { } trap || IsAsExpected(trap, command))
                ? null
                : $"refused as {exception.Kind}: {exception.Message}; expected '{Text(command, "text")}'";
        }
    }

    // The suite gives the start of the message. It names the element of a null reference in one place; ours does not.
    private static bool IsAsExpected(Trap trap, JsonElement command) =>
        Text(command, "text") is { } text
        && (trap.Message.StartsWith(text, StringComparison.Ordinal) || text.StartsWith(trap.Message, StringComparison.Ordinal));

    private Trap? Act(JsonElement command, out WasmValue[] results)
    {
        var action = command.GetProperty("action");
        var instance = Instance(Text(action, "module"));
        var field = Text(action, "field")!; // Always there.
        results = [];
        if (Text(action, "type") == "get")
        {
            var global = instance.Global(field) ?? throw new InvalidOperationException($"There is no global {field}.");
            results = [global.Value];
            return null;
        }

        var function = instance.Function(field) ?? throw new InvalidOperationException($"There is no function {field}.");
        var arguments = action.GetProperty("args").EnumerateArray().Select(_values.Argument).ToArray();
        results = new WasmValue[function.Type.Results.Length];
        return function.Call(arguments, results);
    }

    private Instance Instance(string? name) => name is null
        ? _current ?? throw new InvalidOperationException("There is no current module.")
        : _instances.GetValueOrDefault(name) ?? throw new InvalidOperationException($"There is no module {name}.");

    private CompiledModule Load(JsonElement command)
    {
        var name = Text(command, "filename")!; // Asked where it is there.
        return _configuration.Compile(ModuleRepairs.Apply(name, File.ReadAllBytes(Path.Combine(_directory, name))));
    }

    private static string? Text(JsonElement element, string property) =>
        element.TryGetProperty(property, out var text) ? text.GetString() : null;

    private static string Describe(WasmValue[] values) => $"({string.Join(", ", values)})";
}
