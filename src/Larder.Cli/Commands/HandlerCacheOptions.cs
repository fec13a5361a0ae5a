using System.CommandLine;
using Larder.Node;

namespace Larder.Cli.Commands;

/// <summary>The options that say where compiled handlers are kept between two runs of the command.</summary>
internal sealed class HandlerCacheOptions
{
    private readonly Terminal _terminal;

    private readonly Option<string?> _cache = new("--cache")
    {
        Description = "Where compiled handlers are kept from one run to the next. Default: larder-run in the user's cache directory.",
        HelpName = "DIRECTORY",
    };

    private readonly Option<bool> _none = new("--no-cache") { Description = "Keep nothing." };

    private HandlerCacheOptions(Terminal terminal) => _terminal = terminal;

    /// <summary>Adds the options to a command.</summary>
    public static HandlerCacheOptions AddTo(Command command, Terminal terminal)
    {
        var options = new HandlerCacheOptions(terminal);
        command.Options.Add(options._cache);
        command.Options.Add(options._none);
        return options;
    }

    /// <summary>The directory; null for none. Not that of a node, which is the node's.</summary>
    public string? Directory(ParseResult parsed) => parsed.GetValue(_none) ? null
        : Path.GetFullPath(parsed.GetValue(_cache) ?? NodeOptions.DefaultDataDirectory(_terminal.Variable) + "-run");
}
