using System.Diagnostics;
using Larder.Wasm;

namespace Larder.Handlers.Execution;

/// <summary>
/// Stops runs whose time is over. It has a thread of its own, above the others in priority where the machine allows that:
/// timers of the runtime run on the thread pool, whose threads may all be busy with the very handlers that have to be stopped.
/// </summary>
internal sealed class DeadlineWatch : IDisposable
{
    // What is longer is no limit.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1000);

    private readonly Lock _gate = new();
    private readonly WakeSignal _wake = new();
    private readonly Thread _thread;

    // Guarded by _gate.
    private readonly List<WatchedRun> _runs = [];
    private long _sleepsUntil = long.MaxValue;
    private bool _stopsAll;
    private bool _isOver;

    /// <summary>Starts the thread.</summary>
    public DeadlineWatch()
    {
        _thread = new Thread(Watch) { IsBackground = true, Name = "larder-deadlines" };
        _thread.Start();
    }

    /// <summary>Begins to watch a run.</summary>
    /// <param name="run">The run, which is in no watch.</param>
    /// <param name="store">What to interrupt.</param>
    /// <param name="time">From now; zero or less is over at once. Null for no end.</param>
    public void Begin(WatchedRun run, Store store, TimeSpan? time)
    {
        var due = time is { } left && left < Longest
            ? Stopwatch.GetTimestamp() + (long)(left.TotalSeconds * Stopwatch.Frequency)
            : long.MaxValue;
        bool isEarlier;
        lock (_gate)
        {
            run.Begin(store, due, _runs.Count);
            _runs.Add(run);
            isEarlier = due < _sleepsUntil;
            if (_stopsAll)
            {
                store.Interrupt();
            }
        }

        if (isEarlier)
        {
            _wake.Set();
        }
    }

    /// <summary>Ends the watch of a run and lets its store run again.</summary>
    /// <returns>Whether the run was stopped.</returns>
    public bool End(WatchedRun run)
    {
        lock (_gate)
        {
            var last = _runs[^1];
            _runs[run.Index] = last;
            last.Index = run.Index;
            _runs.RemoveAt(_runs.Count - 1);
            return run.End();
        }
    }

    /// <summary>Stops everything that is watched, and what begins from now on, for a reason other than time.</summary>
    public void StopAll()
    {
        lock (_gate)
        {
            _stopsAll = true;
            foreach (var run in _runs)
            {
                run.Interrupt();
            }
        }
    }

    /// <summary>Ends the thread. Nothing may be watched any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }

    private void Watch()
    {
        WakeSignal.PreferThisThread();
        while (true)
        {
            var wait = Timeout.InfiniteTimeSpan;
            lock (_gate)
            {
                if (_isOver)
                {
                    return;
                }

                var now = Stopwatch.GetTimestamp();
                var next = long.MaxValue;
                foreach (var run in _runs)
                {
                    if (!run.IsStopped && run.Due <= now)
                    {
                        run.Stop();
                    }
                    else if (!run.IsStopped)
                    {
                        next = Math.Min(next, run.Due);
                    }
                }

                _sleepsUntil = next;
                if (next != long.MaxValue)
                {
                    wait = Stopwatch.GetElapsedTime(now, next);
                }
            }

            _wake.Wait(wait);
        }
    }
}
