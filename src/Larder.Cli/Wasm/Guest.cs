using System.Diagnostics;
using System.Globalization;
using Larder.Wasm;
using Larder.Wasm.Wasi;

namespace Larder.Cli.Wasm;

/// <summary>Runs a module as a program, or one of its functions, and reports how it ended.</summary>
internal static class Guest
{
    // A stack that overflowed has tens of thousands of frames; its innermost and outermost ones tell the story.
    private const int MostFrames = 32;

    /// <summary>Runs the module and returns the exit code of the command.</summary>
    public static async Task<int> RunAsync(Terminal terminal, RunOptions options, CancellationToken cancellationToken)
    {
        var module = Load(options, cancellationToken);
        await terminal.Out.FlushAsync(cancellationToken).ConfigureAwait(false);
        using var error = new TextStream(terminal.Error);
        var outcome = await GuestThread.RunAsync(
            options.Store, options.Timeout, store => Run(terminal, options, module, store, error), cancellationToken).ConfigureAwait(false);
        await terminal.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
        await terminal.Error.FlushAsync(cancellationToken).ConfigureAwait(false);
        foreach (var value in outcome.Values)
        {
            var text = value.ToString();
            terminal.Say(text[(text.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        }

        return outcome.Result.Trap is { } trap
            ? Report(terminal, options, trap, outcome.HasTimedOut)
            : ExitCodeOf(outcome.Result.ExitCode);
    }

    private static CompiledModule Load(RunOptions options, CancellationToken cancellationToken)
    {
        var file = options.File;
        if (!SavedModule.Is(file.Bytes))
        {
            return file.With(() => CompiledModule.Compile(file.Bytes, options.Compile, cancellationToken));
        }

        if (!options.TrustsCompiled)
        {
            throw CommandException.Usage(
                $"'{file.Path}' is compiled code, which no sandbox holds; add --compiled when you trust whoever made it.");
        }

        var module = file.With(() => SavedModule.Read(file));
        if (options.Fuel is not null && !module.Options.Fuel)
        {
            throw CommandException.Usage($"'{file.Path}' was compiled without fuel; compile it with --fuel.");
        }

        return module;
    }

    private static GuestOutcome Run(Terminal terminal, RunOptions options, CompiledModule module, Store store, Stream error)
    {
        using var host = CreateHost(terminal, options, error);
        try
        {
            var instance = store.Instantiate(module, host.AddTo(new Imports(), store));
            return options.Invoke is { } name ? Invoke(options, host, instance, name) : new GuestOutcome(Start(options, host, instance), []);
        }
        catch (WasmException exception)
        {
            // A start function can trap like any other.
            return exception.Trap is { } trap ? new GuestOutcome(new WasiResult(0, trap), []) : throw options.File.Describe(exception);
        }
        catch (WasiExitException exit)
        {
            return new GuestOutcome(new WasiResult(exit.ExitCode, null), []);
        }
    }

    private static WasiHost CreateHost(Terminal terminal, RunOptions options, Stream error)
    {
        try
        {
            return new WasiHost(new WasiOptions
            {
                Arguments = [Path.GetFileName(options.File.Path), .. options.Arguments],
                Environment = options.Environment,
                Input = terminal.Input,
                Output = terminal.Output,
                Error = error,
                StreamsAreTerminal = terminal.InputIsTerminal && terminal.OutputIsTerminal,
                Clock = options.IsDeterministic ? null : TimeProvider.System,
                Randomness = options.IsDeterministic ? WasiRandomness.Seeded(0) : WasiRandomness.System,
                Directories = options.Directories,
            });
        }
        catch (ArgumentException exception)
        {
            throw CommandException.Usage(exception.Message.Split(" (Parameter", 2)[0]);
        }
    }

    private static WasiResult Start(RunOptions options, WasiHost host, Instance instance) =>
        instance.Function("_start") is not null
            ? host.Run(instance)
            : throw CommandException.Usage(
                $"'{options.File.Path}' is no program: it exports no '_start'. Call one of its functions with --invoke.");

    private static GuestOutcome Invoke(RunOptions options, WasiHost host, Instance instance, string name)
    {
        var function = instance.Function(name) ?? throw CommandException.Usage(
            $"'{options.File.Path}' exports no function '{name}'; 'larder wasm inspect' lists its exports.");
        var arguments = GuestValues.Parse(name, function.Type, options.Arguments);
        var prepared = host.Initialize(instance);
        if (prepared.Trap is not null || prepared.ExitCode != 0)
        {
            return new GuestOutcome(prepared, []);
        }

        var trap = function.TryCall(out var results, arguments);
        return new GuestOutcome(new WasiResult(0, trap), results ?? []);
    }

    private static int Report(Terminal terminal, RunOptions options, Trap trap, bool timedOut)
    {
        var isTimeout = timedOut && trap.Kind == TrapKind.Interrupted;
        terminal.Warn(isTimeout
            ? $"'{options.File.Path}' was stopped after {options.Timeout!.Value.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s."
            : $"'{options.File.Path}' trapped: {trap.Message}.");
        var frames = trap.Stack;
        for (var index = 0; index < frames.Length; index++)
        {
            if (frames.Length > MostFrames && index == MostFrames / 2)
            {
                terminal.Remark($"    ... {frames.Length - MostFrames} more ...");
                index = frames.Length - (MostFrames / 2);
            }

            terminal.Remark($"    at {Clean(frames[index].Name)}");
        }

        Debug.Assert(trap.Kind != TrapKind.Interrupted || isTimeout, "Nothing else interrupts a guest that is waited for.");
        return isTimeout ? ExitCodes.TimedOut : ExitCodes.Trapped;
    }

    // The system keeps the lowest eight bits; what is not zero must not become zero by that.
    private static int ExitCodeOf(int code) => code != 0 && (code & 0xFF) == 0 ? ExitCodes.Failure : code & 0xFF;

    // Names come from the module; a control character in one must not reach the terminal.
    private static string Clean(string name) =>
        string.Concat(name.Select(static character => char.IsControl(character) ? '?' : character));
}
