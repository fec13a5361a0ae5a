using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Larder.Indexer.Guests;

namespace Larder.Indexer.Views;

/// <summary>
/// Guest instances for views and previews: so many run at once, so many more wait, the rest is refused. Thread safe.
/// </summary>
[SuppressMessage("Reliability", "CA2213:Disposable fields should be disposed", Justification = "Runs that still go on give their places back.")]
internal sealed class ViewPool : IDisposable
{
    private readonly IndexerModule _module;
    private readonly int _instances;
    private readonly int _queue;
    private readonly TimeSpan _timeout;
    private readonly SemaphoreSlim _places;
    private readonly ConcurrentStack<GuestInstance> _idle = new();

    // Runs that have a place or wait for one.
    private int _present;
    private volatile bool _disposed;

    public ViewPool(IndexerModule module, BlockIndexerOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.ViewInstances);
        ArgumentOutOfRangeException.ThrowIfNegative(options.ViewQueue);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ViewTimeout, TimeSpan.Zero);
        _module = module;
        _instances = options.ViewInstances;
        _queue = options.ViewQueue;
        _timeout = options.ViewTimeout;
        _places = new SemaphoreSlim(_instances);
    }

    /// <summary>Runs that go on now.</summary>
    public int Running => _instances - _places.CurrentCount;

    /// <summary>Runs that wait for an instance.</summary>
    public int Waiting => Math.Max(0, Volatile.Read(ref _present) - Running);

    /// <summary>Does something with an instance of its own, on another thread.</summary>
    /// <exception cref="IndexerException">Too many wait, or it took too long (<see cref="IndexerErrorKind.LimitExceeded"/>).</exception>
    public async Task<TResult> RunAsync<TResult>(
        string subject, Func<GuestInstance, CancellationToken, TResult> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Interlocked.Increment(ref _present) > _instances + _queue)
        {
            Interlocked.Decrement(ref _present);
            throw new IndexerException(
                IndexerErrorKind.LimitExceeded,
                $"{subject} is refused: {_instances} views run and {_queue} wait already. Ask again later.");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        try
        {
            await _places.WaitAsync(limit.Token).ConfigureAwait(false);
            try
            {
                return await Task.Run(() => Run(work, limit.Token), limit.Token).ConfigureAwait(false);
            }
            finally
            {
                _places.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IndexerException(
                IndexerErrorKind.LimitExceeded, $"{subject} took longer than {_timeout.TotalSeconds:0.###} s and was ended.");
        }
        finally
        {
            Interlocked.Decrement(ref _present);
        }
    }

    /// <summary>Frees the instances; those that run are freed when they end.</summary>
    public void Dispose()
    {
        _disposed = true;
        Drop();
    }

    private TResult Run<TResult>(Func<GuestInstance, CancellationToken, TResult> work, CancellationToken cancellationToken)
    {
        if (!_idle.TryPop(out var instance))
        {
            instance = _module.CreateInstance();
        }

        try
        {
            return work(instance, cancellationToken);
        }
        finally
        {
            // An instance is as fresh after a failure as after a result.
            _idle.Push(instance);
            if (_disposed)
            {
                Drop();
            }
        }
    }

    private void Drop()
    {
        while (_idle.TryPop(out var instance))
        {
            instance.Dispose();
        }
    }
}
