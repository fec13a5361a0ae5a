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

    /// <summary>Runs one command line to its end and returns the exit code.</summary>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken cancellationToken)
    {
        using var interruption = new Interruption(cancellationToken);
        var exitCode = MountProcess.Recognises(arguments)
            ? await GuardAsync(terminal, () => MountProcess.RunAsync(arguments, terminal, interruption.Token), interruption.Token).ConfigureAwait(false)
            : await InvokeAsync(Build(terminal).Parse(arguments), terminal, interruption.Token).ConfigureAwait(false);
        await terminal.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        return exitCode;
    }

    /// <summary>Builds the tree of commands.</summary>
    internal static RootCommand Build(Terminal terminal)
    {
        var root = new RootCommand(Description)
        {
            ServeCommand.Create(terminal),
            StatsCommand.Create(terminal),
            PlanCommand.Create(terminal),
            GetCommand.Create(terminal),
            PutCommand.Create(terminal),
            ListCommand.Create(terminal),
            ExplainCommand.Create(terminal),
            VerifyCommand.Create(terminal),
            ScrubCommand.Create(terminal),
            PurgeCommand.Create(terminal),
            ConfigCommand.Create(terminal),
            RunCommand.Create(terminal),
            CompileCommand.Create(terminal),
            HandlersCommand.Create(terminal),
            WasmCommand.Create(terminal),
            PullCommand.Create(terminal),
            ImagesCommand.Create(terminal),
            MountCommand.Create(terminal),
            UnmountCommand.Create(terminal),
            MountsCommand.Create(terminal),
            LayersCommand.Create(terminal),
            TreeCommand.Create(terminal),
            CatCommand.Create(terminal),
            PrefetchCommand.Create(terminal),
            ExportCommand.Create(terminal),
            SymbolsCommand.Create(terminal),
            IndexCommand.Create(terminal),
            CompletionCommand.Create(terminal),
        };
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
