using System.CommandLine;
using Larder.Cli.Stores;

namespace Larder.Cli.Commands;

/// <summary>The options that send a handler to a node instead of running it here.</summary>
internal sealed class RemoteOptions
{
    private readonly Terminal _terminal;

    private readonly Option<string?> _node = new("--node", "-n") { Description = "Do it at this node, such as http://127.0.0.1:7070.", HelpName = "URL" };

    private readonly Option<string?> _token = new("--token")
    {
        Description = "The token for the node. Default: the environment's LARDER_TOKEN, which other users cannot see.",
        HelpName = "TOKEN",
    };

    private RemoteOptions(Terminal terminal) => _terminal = terminal;

    /// <summary>Adds the options to a command.</summary>
    public static RemoteOptions AddTo(Command command, Terminal terminal)
    {
        var options = new RemoteOptions(terminal);
        command.Options.Add(options._node);
        command.Options.Add(options._token);
        return options;
    }

    /// <summary>Whether a node is named.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_node) is not null;

    /// <summary>The node, the one of the configuration when none is named.</summary>
    public NodeStore Open(ParseResult parsed) => StoreOpener.OpenNode(
        new StoreAddress(parsed.GetValue(_node), null, parsed.GetValue(_token) ?? _terminal.Variable("LARDER_TOKEN"), null), _terminal);
}
