using System.Diagnostics;
using Larder.Fuse.Takeover;
using Spectre.Console;

namespace Larder.Cli.Images;

/// <summary>Starts the processes of a mount in the background and waits until the mount can be used.</summary>
internal static class MountLauncher
{
    private const int LogTailBytes = 2_000;

    // Hexadecimal, 4 MiB: the processes of a mount live long beside others' work, and what they leave to the collector is small.
    // Without it the first generation grows to the size of the processor's cache before anything is collected.
    private const string FirstGenerationBytes = "400000";

    /// <summary>Starts and waits, and shows on a terminal what is waited for.</summary>
    /// <returns>The report of a mount that is ready.</returns>
    /// <exception cref="CommandException">There is no mount, with what its process said.</exception>
    public static Task<MountReport> StartAsync(Terminal terminal, MountRequest request, CancellationToken cancellationToken) =>
        StartAsync(terminal, request, null, terminal.ErrorIsTerminal, cancellationToken);

    /// <summary>Starts and waits.</summary>
    /// <param name="terminal">What is told of it.</param>
    /// <param name="request">What and where.</param>
    /// <param name="remoteToken">The token or password of the remote tier; null for none.</param>
    /// <param name="shows">Whether the terminal shows what is waited for.</param>
    /// <param name="cancellationToken">Gives up; nothing stays mounted.</param>
    /// <returns>The report of a mount that is ready.</returns>
    /// <exception cref="CommandException">There is no mount, with what its process said.</exception>
    public static async Task<MountReport> StartAsync(
        Terminal terminal, MountRequest request, string? remoteToken, bool shows, CancellationToken cancellationToken)
    {
        var registry = new MountRegistry(terminal);
        registry.RemoveSockets();
        var log = registry.LogOf(request.MountPoint);
        await File.WriteAllBytesAsync(log, [], cancellationToken).ConfigureAwait(false);

        // A session of its own, so that neither the terminal's signals nor its end reach the mount.
        var arguments = MountProcess.Arguments(request with { ReportsLines = true });
        var start = new ProcessStartInfo("setsid", ["sh", "-c", MountProcess.Script, .. arguments])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment[MountProcess.LogVariable] = log;
        start.Environment[MountKeeperClient.SocketVariable] = registry.SocketOf(request.MountPoint);
        start.Environment.TryAdd("DOTNET_GCGen0MaxBudget", FirstGenerationBytes);
        if (remoteToken is not null)
        {
            start.Environment["LARDER_IMAGE_REMOTE_TOKEN"] = remoteToken;
        }

        using var process = Process.Start(start)!; // Not null: no shell of the system is used, so a process is always made.
        try
        {
            return await WaitAsync(terminal, shows, process.StandardOutput, log, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // SIGTERM, which it answers by unmounting what it may have mounted by now.
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<MountReport> WaitAsync(
        Terminal terminal, bool shows, StreamReader reports, string log, CancellationToken cancellationToken)
    {
        if (!shows)
        {
            return await ReadAsync(reports, log, static _ => { }, cancellationToken).ConfigureAwait(false);
        }

        return await terminal.ErrorConsole.Progress()
            .AutoClear(true)
            .Columns([new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn()])
            .StartAsync(context =>
            {
                var bar = context.AddTask("starting", maxValue: 1);
                bar.IsIndeterminate = true;
                return ReadAsync(
                    reports,
                    log,
                    report =>
                    {
                        bar.Description = Markup.Escape(report.What);
                        bar.IsIndeterminate = report.Total <= 0;
                        bar.MaxValue = Math.Max(1, report.Total);
                        bar.Value = report.Done;
                    },
                    cancellationToken);
            }).ConfigureAwait(false);
    }

    private static async Task<MountReport> ReadAsync(
        StreamReader reports, string log, Action<MountReport> show, CancellationToken cancellationToken)
    {
        while (await reports.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            var report = MountReport.Decode(line);
            switch (report)
            {
                case { State: "ready", Status.IsEmpty: false }:
                    return report;
                case { State: "failed" }:
                    throw new CommandException(report.ExitCode, report.What);
                case not null:
                    show(report);
                    break;
                default:
                    break;
            }
        }

        throw new CommandException(ExitCodes.Failure, $"the process of the mount ended without a word: {Tail(log)}");
    }

    private static string Tail(string log)
    {
        var text = File.ReadAllText(log);
        return text.Length <= LogTailBytes ? text.Trim() : text[^LogTailBytes..].Trim();
    }
}
