namespace Larder.Fuse.Serving;

/// <summary>
/// Sees to it that every request is answered: after the deadline with EIO, and with EINTR when who asked is being killed, who
/// could not die otherwise. A thread of its own, because a stuck file system may hold every thread of the pool.
/// </summary>
internal sealed class Watchdog : IAsyncDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(20);

    private readonly FuseSession _session;
    private readonly ManualResetEventSlim _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private readonly long _deadline;
    private readonly TimeSpan _period;

    internal Watchdog(FuseSession session)
    {
        _session = session;
        _deadline = (long)session.Options.RequestDeadline.TotalMilliseconds;
        _period = TimeSpan.FromMilliseconds(
            Math.Clamp(_deadline / 4.0, Shortest.TotalMilliseconds, Longest.TotalMilliseconds));
        _thread = new Thread(Run, 128 * 1024) { IsBackground = true, Name = "fuse-watchdog" };
    }

    internal void Start() => _thread.Start();

    public async ValueTask DisposeAsync()
    {
        _stop.Set();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
        {
            _ended.TrySetResult();
        }

        await _ended.Task.ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Run()
    {
        while (!_stop.Wait(_period))
        {
            try
            {
                Look();
            }
            catch (Exception exception)
            {
                Log.WatchdogFailed(_session.Logger, exception, _session.Options.MountPoint);
            }
        }

        _ended.TrySetResult();
    }

    private void Look()
    {
        var now = Environment.TickCount64;
        foreach (var worker in _session.Workers)
        {
            worker.Context.Abandon(_deadline, now);
        }

        foreach (var reply in _session.InFlight.All)
        {
            var age = now - reply.StartedAt;
            if (age >= _deadline)
            {
                if (reply.Abandon(FuseErrno.InputOutput))
                {
                    Log.RequestOverdue(_session.Logger, (Wire.FuseOpcode)reply.Head.Opcode, reply.Head.Node);
                }
            }
            else if (age >= (long)Longest.TotalMilliseconds && CallerState.IsBeingKilled(reply.Head.Caller.ThreadId))
            {
                reply.Abandon(FuseErrno.Interrupted);
            }
        }

        _session.Backings.CloseIdle(now);
    }
}
