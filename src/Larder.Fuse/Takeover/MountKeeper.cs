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
        var server = Listen(options);
        await using var _ = server.ConfigureAwait(false);
        var ends = new Queue<long>();
        var first = options.FirstProcess;
        while (true)
        {
            using var command = first is { } process ? KeptProcess.Adopt(process) : KeptProcess.Start(options, server.SocketPath);
            first = null;
            options.Started?.Invoke(command.Id);
            var code = await command.RunAsync(options.StopDeadline, stop.Token).ConfigureAwait(false);
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

    // A first run that nobody will keep is not left to find that out.
    private static KeeperServer Listen(MountKeeperOptions options)
    {
        try
        {
            return KeeperServer.Start(options);
        }
        catch when (options.FirstProcess is { } first)
        {
            _ = Libc.Kill(first, KeptProcess.Terminate);
            throw;
        }
    }

    private static TimeSpan Delay(MountKeeperOptions options, int count) => count <= 1
        ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Min(options.MaxDelay.Ticks, options.FirstDelay.Ticks << Math.Min(count - 2, 20)));
}
