using System.Diagnostics.CodeAnalysis;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Tiering;

/// <summary>Runs at most one body per key at a time, however many callers ask.</summary>
/// <remarks>
/// A caller that gives up leaves the others alone; when the last one gives up, the body's token is cancelled. A key
/// that is asked for after that gets a new flight. The lock is held for table look-ups only, never while a body runs.
/// </remarks>
internal sealed class FlightTable : IAsyncDisposable
{
    private readonly Lock _gate = new();

    // Guarded by _gate: flights that may be joined.
    private readonly Dictionary<ArtifactKey, Flight> _flights = [];

    // Guarded by _gate: every body that has not ended, joinable or abandoned.
    private readonly HashSet<Flight> _running = [];
    private bool _closed;
    private long _started;
    private long _joined;

    /// <summary>Bodies that were started.</summary>
    public long Started => Interlocked.Read(ref _started);

    /// <summary>Callers that waited for somebody else's body.</summary>
    public long Joined => Interlocked.Read(ref _joined);

    /// <summary>Bodies that run now.</summary>
    public int InFlight
    {
        get
        {
            lock (_gate)
            {
                return _running.Count;
            }
        }
    }

    /// <summary>Joins the flight of <paramref name="key"/>, starting it if there is none, and waits for its result.</summary>
    /// <param name="key">What is wanted.</param>
    /// <param name="state">Passed to <paramref name="body"/>, so that it can be static.</param>
    /// <param name="body">Makes the result; the lease that it returns becomes the flight's.</param>
    /// <param name="cancellationToken">Gives up waiting, for this caller only.</param>
    /// <returns>This caller's own lease.</returns>
    public async ValueTask<ArtifactLease> RunAsync<TState>(
        ArtifactKey key,
        TState state,
        Func<TState, Flight, ValueTask<ArtifactLease>> body,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var flight = Join(key, out var isOwner);
        if (isOwner)
        {
            // The body may be long and synchronous; the caller has to be able to give up while it runs.
            _ = Task.Run(() => RunBodyAsync(flight, state, body), CancellationToken.None);
        }

        try
        {
            await flight.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
            return flight.Share();
        }
        finally
        {
            Leave(flight);
        }
    }

    /// <summary>Makes later callers start anew and marks what is being made for <paramref name="key"/> as unwanted.</summary>
    public void Invalidate(ArtifactKey key)
    {
        lock (_gate)
        {
            if (_flights.Remove(key, out var flight))
            {
                flight.Invalidate();
            }
        }
    }

    /// <summary>Marks everything that is being made as unwanted.</summary>
    public void InvalidateAll()
    {
        lock (_gate)
        {
            foreach (var flight in _flights.Values)
            {
                flight.Invalidate();
            }

            _flights.Clear();
        }
    }

    /// <summary>Cancels every body and waits until all have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        Flight[] running;
        lock (_gate)
        {
            _closed = true;
            running = [.. _running];
        }

        foreach (var flight in running)
        {
            CancelQuietly(flight);
        }

        foreach (var flight in running)
        {
            await flight.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Flight Join(ArtifactKey key, out bool isOwner)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            if (_flights.TryGetValue(key, out var flight) && flight.TryJoin())
            {
                isOwner = false;
                Interlocked.Increment(ref _joined);
                return flight;
            }

            flight = new Flight(key);
            flight.TryJoin();
            _flights[key] = flight;
            _running.Add(flight);
            isOwner = true;
            Interlocked.Increment(ref _started);
            return flight;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever the body throws belongs to the waiters.")]
    private async Task RunBodyAsync<TState>(Flight flight, TState state, Func<TState, Flight, ValueTask<ArtifactLease>> body)
    {
        var result = ArtifactLease.Miss;
        Exception? failure = null;
        try
        {
            result = await body(state, flight).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        bool unwanted;
        lock (_gate)
        {
            if (_flights.TryGetValue(flight.Key, out var current) && ReferenceEquals(current, flight))
            {
                _flights.Remove(flight.Key);
            }

            _running.Remove(flight);
            unwanted = flight.Complete(result);
        }

        if (failure is null)
        {
            flight.Succeed();
        }
        else
        {
            flight.Fail(failure);
        }

        if (unwanted)
        {
            flight.Dispose();
        }
    }

    private void Leave(Flight flight)
    {
        FlightLeave leave;
        lock (_gate)
        {
            leave = flight.Leave();
            if (leave == FlightLeave.Cancel
                && _flights.TryGetValue(flight.Key, out var current)
                && ReferenceEquals(current, flight))
            {
                _flights.Remove(flight.Key);
            }
        }

        switch (leave)
        {
            case FlightLeave.Cancel:
                CancelQuietly(flight);
                break;
            case FlightLeave.Dispose:
                flight.Dispose();
                break;
            default:
                break;
        }
    }

    private static void CancelQuietly(Flight flight)
    {
        try
        {
            flight.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The body ended and cleaned up in between: there is nothing left to cancel.
        }
    }
}
