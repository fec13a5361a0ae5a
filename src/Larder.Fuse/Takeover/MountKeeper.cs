using System.Diagnostics;
using Larder.Fuse.Native;

namespace Larder.Fuse.Takeover;

/// <summary>
/// Runs a command that serves mounts, keeps copies of their descriptors, and runs the command again when it ends unexpectedly, so
/// that users of the mounts wait for a moment instead of losing them. It looks into nothing that it keeps and serves nothing
/// itself, so there is little that could end it.
/// </summary>
public static class MountKeeper
{
    private const int Terminate = 15;

    /// <summary>
    /// Runs until the command ends well, ends without having left a mount, ends too often, or this process is asked to end
    /// (by the token, SIGTERM, SIGINT or SIGHUP), which is passed on to the command. Mounts that are left are then detached.
    /// </summary>
    /// <param name="options">The command.</param>
    /// <param name="cancellationToken">Asks to end.</param>
    /// <returns>The exit code of the command's last run.</returns>
    /// <exception cref="FuseException">The socket cannot be made.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The command cannot be started.</exception>
    public static async Task<int> RunAsync(MountKeeperOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new TerminationSignals(() => stop.CancelAsync());
        var server = KeeperServer.Start(options);
        await using var _ = server.ConfigureAwait(false);
        var ends = new Queue<long>();
        while (true)
        {
            var code = await RunOnceAsync(options, server.SocketPath, stop.Token).ConfigureAwait(false);
            if (code == 0 || stop.IsCancellationRequested || server.Store.IsEmpty)
            {
                return code;
            }

            var now = Stopwatch.GetTimestamp();
            while (ends.TryPeek(out var oldest) && Stopwatch.GetElapsedTime(oldest, now) > options.RestartWindow)
            {
                ends.Dequeue();
            }

            ends.Enqueue(now);
            if (ends.Count > options.MaxRestarts)
            {
                Log.KeeperGivesUp(options.Logger, ends.Count, options.RestartWindow.TotalSeconds);

                return code;
            }

            var delay = Delay(options, ends.Count);
            Log.KeeperRestarts(options.Logger, code, delay.TotalMilliseconds, ends.Count);
            await Task.Delay(delay, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
            {
                return code;
            }
        }
    }

    private static TimeSpan Delay(MountKeeperOptions options, int count) => count <= 1
        ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Min(options.MaxDelay.Ticks, options.FirstDelay.Ticks << Math.Min(count - 2, 20)));

    private static async Task<int> RunOnceAsync(MountKeeperOptions options, string socketPath, CancellationToken stop)
    {
        var start = new ProcessStartInfo(options.Program, options.Arguments) { UseShellExecute = false };
        start.Environment[MountKeeperClient.SocketVariable] = socketPath;
        using var process = Process.Start(start)!; // Not null: no shell is used, so a process is always made.
        options.Started?.Invoke(process.Id);
        try
        {
            await process.WaitForExitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _ = Libc.Kill(process.Id, Terminate);
            using var patience = new CancellationTokenSource(options.StopDeadline);
            try
            {
                await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }

        return process.ExitCode;
    }
}
