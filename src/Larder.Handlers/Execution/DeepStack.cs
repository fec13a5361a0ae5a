using System.Collections.Concurrent;

namespace Larder.Handlers.Execution;

/// <summary>
/// Threads with so much stack that a handler meets the limit of its own JavaScript stack first, at the same depth every
/// time. They come when they are needed and go when they are not. Threads of the runtime's pool have less: enough for
/// nearly every handler, but not for one that nests hundreds of calls.
/// </summary>
internal sealed class DeepStack : IDisposable
{
    /// <summary>Bytes of stack that a guest may use there: some seven of the thread for one of JavaScript's, and a reserve.</summary>
    public const int GuestBytes = 12 * 1024 * 1024;

    private const int ThreadBytes = GuestBytes + (2 * 1024 * 1024);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly BlockingCollection<Action> _work = [];
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly HashSet<Thread> _threads = [];
    private int _idle;

    /// <summary>Does something there. Work never waits for a thread that is busy with other work.</summary>
    public Task<TResult> RunAsync<TResult>(Func<TResult> work)
    {
        var done = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _work.Add(() =>
            {
                try
                {
                    done.SetResult(work());
                }
                catch (Exception exception)
                {
                    done.SetException(exception);
                }
            });
            if (_idle > 0)
            {
                _idle--;
            }
            else
            {
                var thread = new Thread(Serve, ThreadBytes) { IsBackground = true, Name = "larder-deep-stack" };
                _threads.Add(thread);
                thread.Start();
            }
        }

        return done.Task;
    }

    /// <summary>Ends the threads. No work may be left, or come.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        Thread[] threads;
        lock (_gate)
        {
            threads = [.. _threads];
        }

        foreach (var thread in threads)
        {
            thread.Join();
        }

        _work.Dispose();
    }

    // Work and threads are counted, not paired: what was added when a thread was idle is for any of the idle ones.
    private void Serve()
    {
        var patience = Timeout.InfiniteTimeSpan;
        while (true)
        {
            if (_work.TryTake(out var work, patience))
            {
                work();
                lock (_gate)
                {
                    _idle++;
                }

                patience = Patience;
                continue;
            }

            lock (_gate)
            {
                // Where no thread is idle by the count, work is on its way to this one.
                if (_idle > 0 || _work.IsAddingCompleted)
                {
                    _idle--;
                    _threads.Remove(Thread.CurrentThread);
                    return;
                }
            }
        }
    }
}
