using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Handlers;
using Larder.Handlers;

namespace Larder.Cli.Commands;

/// <summary>The options that say what a handler sees and may do.</summary>
internal sealed class ContextOptions
{
    private readonly Terminal _terminal;

    private readonly Option<string?> _context = Json("--context", "The whole context: an object with state, args, scope, capabilities and so on; the other options replace its members.");
    private readonly Option<string?> _state = Json("--state", "The state, $state.");
    private readonly Option<string?> _args = Json("--args", "The arguments, $args.");
    private readonly Option<string?> _scope = Json("--scope", "Values of the surroundings, $scope.");

    private readonly Option<string[]> _grant = new("--grant", "-g")
    {
        Description = "A capability, such as state:read:count, state:write:*, events:emit:*, view:update:*, ext:http, crypto:random. Repeatable.",
        HelpName = "CAPABILITY",
        DefaultValueFactory = static _ => [],
    };

    private readonly Option<bool> _infer = new("--infer") { Description = "Grant what the source seems to need as well." };

    private readonly Option<string[]> _extensions = new("--extension")
    {
        Description = "An extension that exists, with its methods, such as http=get,post. Repeatable.",
        HelpName = "NAME=METHOD,...",
        DefaultValueFactory = static _ => [],
    };

    private readonly Option<string?> _name = new("--name") { Description = "The handler's name, for stacks and statistics. Default: the file's.", HelpName = "NAME" };

    private ContextOptions(Terminal terminal) => _terminal = terminal;

    /// <summary>Adds the options to a command.</summary>
    public static ContextOptions AddTo(Command command, Terminal terminal)
    {
        var options = new ContextOptions(terminal);
        foreach (var option in (Option[])[options._context, options._state, options._args, options._scope, options._grant, options._infer, options._extensions, options._name])
        {
            command.Options.Add(option);
        }

        return options;
    }

    /// <summary>The context in the form that a node takes.</summary>
    /// <exception cref="CommandException">Something is malformed.</exception>
    public async Task<JsonElement> ReadAsync(ParseResult parsed, HandlerSource handler, CancellationToken cancellationToken)
    {
        var context = await ReadAsync(parsed, _context, cancellationToken).ConfigureAwait(false);
        var capabilities = Capabilities(parsed, context, handler);
        return HandlerCallJson.Merge(
            context,
            ("stateSnapshot", await ReadAsync(parsed, _state, cancellationToken).ConfigureAwait(false)),
            ("args", await ReadAsync(parsed, _args, cancellationToken).ConfigureAwait(false)),
            ("scope", await ReadAsync(parsed, _scope, cancellationToken).ConfigureAwait(false)),
            ("capabilities", capabilities),
            ("extensionRegistry", Extensions(parsed, context)),
            ("handlerName", Name(parsed, context, handler)));
    }

    private async Task<JsonElement> ReadAsync(ParseResult parsed, Option<string?> option, CancellationToken cancellationToken) =>
        parsed.GetValue(option) is { } text
            ? await HandlerCallJson.ReadAsync(_terminal, text, option.Name, cancellationToken).ConfigureAwait(false)
            : default;

    private JsonElement Capabilities(ParseResult parsed, JsonElement context, HandlerSource handler)
    {
        var granted = new List<string>(parsed.GetValue(_grant) ?? []);
        if (parsed.GetValue(_infer))
        {
            granted.AddRange(handler.Text is { } source
                ? HandlerRuntime.InferCapabilities(source).Tokens
                : throw CommandException.Usage("--infer needs the source; a compiled handler needs --grant."));
        }

        if (granted.Count == 0)
        {
            return default;
        }

        if (context.ValueKind == JsonValueKind.Object
            && context.TryGetProperty("capabilities", out var given) && given.ValueKind == JsonValueKind.Array)
        {
            granted.AddRange(given.EnumerateArray().Where(static one => one.ValueKind == JsonValueKind.String).Select(static one => one.GetString()!));
        }

        return HandlerCallJson.Texts(granted);
    }

    private JsonElement Extensions(ParseResult parsed, JsonElement context)
    {
        var given = parsed.GetValue(_extensions) ?? [];
        if (given.Length == 0)
        {
            return default;
        }

        var known = context.ValueKind == JsonValueKind.Object && context.TryGetProperty("extensionRegistry", out var registry) ? registry : default;
        return HandlerCallJson.Merge(known, [.. given.Select(static text =>
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            return equals > 0
                ? (text[..equals], HandlerCallJson.Texts(text[(equals + 1)..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)))
                : throw CommandException.Usage($"'--extension {text}' is malformed: write --extension NAME=METHOD,METHOD.");
        })]);
    }

    private JsonElement Name(ParseResult parsed, JsonElement context, HandlerSource handler) =>
        parsed.GetValue(_name) is { } name ? HandlerCallJson.Text(name)
        : context.ValueKind == JsonValueKind.Object && context.TryGetProperty("handlerName", out _) ? default
        : HandlerCallJson.Text(handler.Path == "-" ? "handler" : Path.GetFileNameWithoutExtension(handler.Path));

    private static Option<string?> Json(string name, string description) => new(name) { Description = description, HelpName = "FILE|JSON" };
}
