using System.CommandLine;
using Larder.Cli.Symbols;
using Larder.Node;
using Larder.Symbols;

namespace Larder.Cli.Commands;

/// <summary>The options that say which modules a command is about, and who answers.</summary>
internal sealed class SymbolOptions
{
    private readonly Terminal _terminal;
    private readonly RemoteOptions _remote;

    private readonly Argument<string[]> _paths = new("paths")
    {
        Description = "Modules: .dll, .exe or .wasm files, folders, or the last build of a project or solution. Default: the installed framework.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<bool> _framework = new("--framework") { Description = "The installed .NET framework beside the paths." };

    private readonly Option<string?> _cache = new("--cache")
    {
        Description = "Where symbol tables are kept from one run to the next. Default: larder-symbols in the user's cache directory.",
        HelpName = "DIRECTORY",
    };

    private readonly Option<bool> _none = new("--no-cache") { Description = "Keep nothing." };

    private readonly Option<bool> _json = new("--json") { Description = "Print JSON." };

    private SymbolOptions(Command command, Terminal terminal)
    {
        _terminal = terminal;
        command.Arguments.Add(_paths);
        command.Options.Add(_framework);
        command.Options.Add(_cache);
        command.Options.Add(_none);
        command.Options.Add(_json);
        _remote = RemoteOptions.AddTo(command, terminal);
    }

    /// <summary>Adds the options to a command.</summary>
    public static SymbolOptions AddTo(Command command, Terminal terminal) => new(command, terminal);

    /// <summary>Whether the output is JSON.</summary>
    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>Opens what the command line names, uses it, and says what could not be loaded.</summary>
    public async Task<int> UseAsync(
        ParseResult parsed, Func<SymbolSource, Task<int>> use, CancellationToken cancellationToken)
    {
        try
        {
            var source = await OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            await using (source.ConfigureAwait(false))
            {
                foreach (var failure in source.Failures.Take(10))
                {
                    _terminal.Warn(failure);
                }

                if (source.Failures.Count > 10)
                {
                    _terminal.Warn($"and {source.Failures.Count - 10} more files could not be read.");
                }

                return await use(source).ConfigureAwait(false);
            }
        }
        catch (SymbolsException e)
        {
            throw Translate(e);
        }
    }

    private static CommandException Translate(SymbolsException e) => new(
        e.Kind switch
        {
            SymbolsErrorKind.Configuration => ExitCodes.Usage,
            SymbolsErrorKind.Unavailable => ExitCodes.NotFound,
            _ => ExitCodes.Damaged,
        },
        e.Message,
        e);

    private async Task<SymbolSource> OpenAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var paths = parsed.GetValue(_paths) ?? [];
        if (_remote.IsGiven(parsed))
        {
            return new NodeSymbols(_remote.Open(parsed), paths, parsed.GetValue(_framework));
        }

        var directory = parsed.GetValue(_none) ? null
            : Path.GetFullPath(parsed.GetValue(_cache) ?? NodeOptions.DefaultDataDirectory(_terminal.Variable) + "-symbols");
        return await LocalSymbols.OpenAsync(
            paths, paths.Length == 0 || parsed.GetValue(_framework), directory, cancellationToken).ConfigureAwait(false);
    }
}
