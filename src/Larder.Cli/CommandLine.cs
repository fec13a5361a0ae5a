using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using Larder.Cli.Commands;
using Larder.Cli.Images;
using Larder.Cli.Indexing;

namespace Larder.Cli;

/// <summary>The border of the command: parses, runs, and turns every failure into a sentence and an exit code.</summary>
internal static class CommandLine
{
    private const string Description =
        """
        The artifact cache of a compute node.

        'larder serve' starts a node that build tools such as ccache and Bazel use as their remote cache. The other
        commands look after it, or work directly on a cache directory that no node has open. 'larder run' runs JavaScript handlers,
        'larder wasm' WebAssembly modules. 'larder symbols' finds what assemblies and modules hold, 'larder index' indexes blocks.
        """;

    private static readonly (string Name, Func<Terminal, Command> Create)[] Commands =
    [
        ("serve", ServeCommand.Create),
        ("stats", StatsCommand.Create),
        ("plan", PlanCommand.Create),
        ("get", GetCommand.Create),
        ("put", PutCommand.Create),
        ("ls", ListCommand.Create),
        ("explain", ExplainCommand.Create),
        ("verify", VerifyCommand.Create),
        ("scrub", ScrubCommand.Create),
        ("purge", PurgeCommand.Create),
        ("config", ConfigCommand.Create),
        ("run", RunCommand.Create),
        ("compile", CompileCommand.Create),
        ("handlers", HandlersCommand.Create),
        ("wasm", WasmCommand.Create),
        ("pull", PullCommand.Create),
        ("images", ImagesCommand.Create),
        ("mount", MountCommand.Create),
        ("unmount", UnmountCommand.Create),
        ("mounts", MountsCommand.Create),
        ("layers", LayersCommand.Create),
        ("tree", TreeCommand.Create),
        ("cat", CatCommand.Create),
        ("prefetch", PrefetchCommand.Create),
        ("export", ExportCommand.Create),
        ("symbols", SymbolsCommand.Create),
        ("index", IndexCommand.Create),
        ("completion", CompletionCommand.Create),
    ];

    /// <summary>Runs one command line to its end and returns the exit code.</summary>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption(cancellationToken);
        var exitCode = MountProcess.Recognises(arguments)
            ? await GuardAsync(terminal, () => MountProcess.RunAsync(arguments, terminal, interruption.Token), interruption.Token).ConfigureAwait(false)
            : await InvokeAsync(Build(terminal, arguments.FirstOrDefault()).Parse(arguments), terminal, interruption.Token).ConfigureAwait(false);
        await terminal.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        return exitCode;
    }

    /// <summary>Builds the tree of commands.</summary>
    /// <param name="terminal">What they speak to.</param>
    /// <param name="only">The name of the one that is needed, so that the others are not made; null, or no name, for all.</param>
    internal static RootCommand Build(Terminal terminal, string? only = null)
    {
        var root = new RootCommand(Description);
        var one = Array.FindIndex(Commands, command => command.Name == only);
        foreach (var (_, create) in one < 0 ? Commands : Commands.AsSpan(one, 1))
        {
            root.Subcommands.Add(create(terminal));
        }

        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        }

        return root;
    }

    private static async Task<int> InvokeAsync(ParseResult parsed, Terminal terminal, CancellationToken cancellationToken)
    {
        if (UsageErrors.Describe(parsed) is { } error)
        {
            terminal.Warn(error);
            return ExitCodes.Usage;
        }

        var invocation = new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return await GuardAsync(terminal, () => parsed.InvokeAsync(invocation, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<int> GuardAsync(Terminal terminal, Func<Task<int>> run, CancellationToken cancellationToken)
    {
        try
        {
            return await run().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            terminal.Warn("interrupted.");
            return ExitCodes.Interrupted;
        }
        catch (Exception e) when (ExitCodes.Of(e) is not null)
        {
            terminal.Warn(e.Message);
            return ExitCodes.Of(e)!.Value;
        }
        catch (Exception e)
        {
            terminal.Warn($"this is a defect of larder; please report it with the following.\n{e}");
            return ExitCodes.Failure;
        }
    }

    /// <summary>
    /// Turns the first SIGINT, SIGTERM or SIGHUP into cancellation and the second into an end on the spot.
    /// </summary>
    private sealed class Interruption : IDisposable
    {
        private readonly CancellationTokenSource _source;
        private readonly PosixSignalRegistration[] _registrations;

        public Interruption(CancellationToken cancellationToken)
        {
            _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _registrations =
            [
                PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
                PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
                PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal),
            ];
        }

        public CancellationToken Token => _source.Token;

        public void Dispose()
        {
            foreach (var registration in _registrations)
            {
                registration.Dispose();
            }

            _source.Dispose();
        }

        private void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            if (_source.IsCancellationRequested)
            {
                Environment.Exit(ExitCodes.Interrupted);
            }

            // Cancellation callbacks run elsewhere, so that a second signal is heard while they do.
            _ = _source.CancelAsync();
        }
    }
}
