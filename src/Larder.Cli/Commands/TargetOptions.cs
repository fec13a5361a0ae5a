using System.CommandLine;
using Larder.Cli.Stores;

namespace Larder.Cli.Commands;

/// <summary>The options that say which node or directory a command works on, and how it prints.</summary>
internal sealed class TargetOptions
{
    private readonly Terminal _terminal;

    private readonly Option<string?> _node = new("--node", "-n")
    {
        Description = "The node to talk to, such as http://127.0.0.1:7070. Default: the address that the configuration has.",
        HelpName = "URL",
    };

    private readonly Option<string?> _data = new("--data", "-d")
    {
        Description = "Work directly on this cache directory, whether or not a node has it open.",
        HelpName = "DIRECTORY",
    };

    private readonly Option<string?> _token = new("--token")
    {
        Description = "The bearer token for the node. Default: the environment's LARDER_TOKEN, which other users cannot see.",
        HelpName = "TOKEN",
    };

    private readonly Option<string?> _config = new("--config")
    {
        Description = "The configuration file that has the node's address.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    private readonly Option<bool> _noColour = new("--no-color") { Description = "Print without colour, like NO_COLOR=1." };

    private TargetOptions(Terminal terminal) => _terminal = terminal;

    /// <summary>Adds the options to a command.</summary>
    public static TargetOptions AddTo(Command command, Terminal terminal)
    {
        var options = new TargetOptions(terminal);
        command.Options.Add(options._node);
        command.Options.Add(options._data);
        command.Options.Add(options._token);
        command.Options.Add(options._config);
        command.Options.Add(options._json);
        command.Options.Add(options._noColour);
        return options;
    }

    /// <summary>Whether the output is JSON. Also switches colour off when that was asked for.</summary>
    public bool Json(ParseResult parsed)
    {
        _terminal.ColourIsOff = parsed.GetValue(_noColour);
        return parsed.GetValue(_json);
    }

    /// <summary>Opens what the command line names.</summary>
    /// <exception cref="CommandException">There is no such node or directory.</exception>
    public Task<IArtifactStore> OpenAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_node) is not null && parsed.GetValue(_data) is not null)
        {
            throw CommandException.Usage("--node and --data exclude each other: give the one to work on.");
        }

        return StoreOpener.OpenAsync(
            new StoreAddress(
                parsed.GetValue(_node),
                parsed.GetValue(_data),
                parsed.GetValue(_token) ?? _terminal.Variable("LARDER_TOKEN"),
                parsed.GetValue(_config)),
            _terminal,
            cancellationToken);
    }
}
