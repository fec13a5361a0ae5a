using System.Diagnostics;
using Larder.Fuse.Native;

namespace Larder.Fuse.Takeover;

/// <summary>One run of the command that a keeper keeps mounts for: started by the keeper, or a child of its process from before.</summary>
internal sealed class KeptProcess : IDisposable
{
    internal const int Terminate = 15;

    private const int Kill = 9;

    // What the runtime and shells say of a process that a signal ended.
    private const int SignalBase = 128;

    private readonly Process? _process; // Null for one that was adopted: only a process that this runtime started has an exit code there.
    private readonly Task<int> _end;

    private KeptProcess(int id, Process? process, Task<int> end)
    {
        Id = id;
        _process = process;
        _end = end;
    }

    internal int Id { get; }

    internal static KeptProcess Start(MountKeeperOptions options, string socketPath)
    {
        var start = new ProcessStartInfo(options.Program, options.Arguments) { UseShellExecute = false };
        start.Environment[MountKeeperClient.SocketVariable] = socketPath;
        var process = Process.Start(start)!; // Not null: no shell is used, so a process is always made.

        return new KeptProcess(process.Id, process, EndOfAsync(process));
    }

    /// <summary>Waits on a thread of its own for a child that something else started in this process's name.</summary>
    internal static KeptProcess Adopt(int id)
    {
        var end = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => end.SetResult(WaitFor(id)), 64 * 1024) { IsBackground = true, Name = "keeper-wait" }.Start();

        return new KeptProcess(id, null, end.Task);
    }

    /// <summary>Waits for its end; once asked to stop, asks it to end, and ends it at the deadline.</summary>
    /// <returns>The exit code.</returns>
    internal async Task<int> RunAsync(TimeSpan stopDeadline, CancellationToken stop)
    {
        try
        {
            return await _end.WaitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _ = Libc.Kill(Id, Terminate);
        }

        try
        {
            return await _end.WaitAsync(stopDeadline, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _ = Libc.Kill(Id, Kill);

            return await _end.ConfigureAwait(false);
        }
    }

    public void Dispose() => _process?.Dispose();

    private static async Task<int> EndOfAsync(Process process)
    {
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);

        return process.ExitCode;
    }

    private static int WaitFor(int id)
    {
        int status;
        while (Libc.WaitFor(id, out status, 0) < 0)
        {
            if (Libc.LastError != FuseErrno.Interrupted)
            {
                return SignalBase; // No child of this process, or not any more: it has ended, and nobody knows how.
            }
        }

        var signal = status & 0x7F;

        return signal == 0 ? (status >> 8) & 0xFF : SignalBase + signal;
    }
}
