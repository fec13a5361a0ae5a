using System.Runtime.ExceptionServices;

namespace Larder.Indexer.Guests;

/// <summary>
/// A thread with so much stack that the counted depth of calls ends a guest before the stack does. It belongs to one
/// instance, comes when it is first needed, and does one thing at a time.
/// </summary>
internal sealed class GuestThread(int stackBytes) : IDisposable
{
    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _done = new(0);
    private Thread? _thread;
    private Action? _work;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Does something there and waits for it. Exceptions of it come out here.</summary>
    public void Run(Action work)
    {
        _work = work;
        if (_thread is null)
        {
            _thread = new Thread(Serve, stackBytes) { IsBackground = true, Name = "larder-guest" };
            _thread.Start();
        }

        _asked.Release();
        _done.Wait();
        var failure = _failure;
        _failure = null;
        failure?.Throw();
    }

    /// <summary>Ends the thread, so that a stack which was once used to its end is free; the next work gets another one.</summary>
    public void Retire()
    {
        if (_thread is not null)
        {
            _work = null;
            _asked.Release();
            _thread.Join();
            _thread = null;
        }
    }

    /// <summary>Ends the thread; nothing may run there.</summary>
    public void Dispose()
    {
        Retire();
        _asked.Dispose();
        _done.Dispose();
    }

    private void Serve()
    {
        while (true)
        {
            _asked.Wait();
            if (_work is not { } work)
            {
                return;
            }

            _work = null;
            try
            {
                work();
            }
            catch (Exception exception)
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
            }

            _done.Release();
        }
    }
}
