using System.Buffers.Binary;
using System.Text;
using Larder.Indexer.Caching;
using Larder.Indexer.State;

namespace Larder.Indexer.Views;

/// <summary>
/// Results of views by name, input and block, in the cache's partition for computed values; callers that ask for the same
/// thing at the same time wait for one run. Thread safe.
/// </summary>
/// <remarks>
/// A block is named by the sequence of its commit, which no other block of the index ever has; the cache belongs to one
/// module. So a result that is found is the one that a run would give.
/// </remarks>
internal sealed class ViewResults(ReadCache? cache)
{
    private readonly Lock _gate = new();

    // Guarded by _gate. Runs that go on.
    private readonly Dictionary<ReadOnlyMemory<byte>, ViewFlight> _running = new(KeyComparer.Instance);
    private long _hits;
    private long _shared;
    private long _runs;

    /// <summary>Results that were found.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Callers who waited for the run of another.</summary>
    public long Shared => Interlocked.Read(ref _shared);

    /// <summary>Runs.</summary>
    public long Runs => Interlocked.Read(ref _runs);

    /// <summary>The result of a view: found, awaited, or run.</summary>
    /// <param name="view">Name of the view.</param>
    /// <param name="input">Its request.</param>
    /// <param name="sequence">Commit that made the block.</param>
    /// <param name="run">Runs it. Its token is cancelled when no caller waits any more.</param>
    /// <param name="cancellationToken">Ends the wait; the run goes on while others wait for it.</param>
    public async Task<byte[]> GetAsync(
        string view,
        ReadOnlyMemory<byte> input,
        ulong sequence,
        Func<CancellationToken, Task<byte[]>> run,
        CancellationToken cancellationToken)
    {
        var key = KeyOf(view, input.Span, sequence);
        if (Find(key, sequence) is { } found)
        {
            Interlocked.Increment(ref _hits);
            return found;
        }

        ViewFlight flight;
        lock (_gate)
        {
            if (_running.TryGetValue(key, out var present))
            {
                flight = present;
                _shared++;
            }
            else
            {
                flight = new ViewFlight();
                _running.Add(key, flight);
                _runs++;
            }

            flight.Waiters++;
            flight.Run ??= Task.Run(() => RunAsync(key, sequence, run, flight.Cancellation.Token), CancellationToken.None);
        }

        try
        {
            // Everybody has bytes of their own.
            return (byte[])(await flight.Run.WaitAsync(cancellationToken).ConfigureAwait(false)).Clone();
        }
        finally
        {
            Leave(key, flight);
        }
    }

    private static byte[] KeyOf(string view, ReadOnlySpan<byte> input, ulong sequence)
    {
        var name = Encoding.UTF8.GetByteCount(view);
        var key = new byte[sizeof(ulong) + sizeof(int) + name + input.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(key, sequence);
        BinaryPrimitives.WriteInt32LittleEndian(key.AsSpan(sizeof(ulong)), name);
        Encoding.UTF8.GetBytes(view, key.AsSpan(sizeof(ulong) + sizeof(int)));
        input.CopyTo(key.AsSpan(sizeof(ulong) + sizeof(int) + name));
        return key;
    }

    private byte[]? Find(byte[] key, ulong sequence)
    {
        if (cache is null)
        {
            return null;
        }

        var value = new ValueBuffer();
        return cache.TryGet(CachePartition.Api, sequence, key, value) ? value.Span.ToArray() : null;
    }

    private async Task<byte[]> RunAsync(
        byte[] key, ulong sequence, Func<CancellationToken, Task<byte[]>> run, CancellationToken cancellationToken)
    {
        var result = await run(cancellationToken).ConfigureAwait(false);
        cache?.Set(CachePartition.Api, sequence, key, result);
        return result;
    }

    // The last one to leave ends a run that still goes on: nobody waits for it.
    private void Leave(ReadOnlyMemory<byte> key, ViewFlight flight)
    {
        lock (_gate)
        {
            if (--flight.Waiters > 0)
            {
                return;
            }

            _running.Remove(key);
        }

        flight.Cancellation.Cancel();
        flight.Cancellation.Dispose();
    }

    /// <summary>A run that callers wait for; its fields are guarded by the gate.</summary>
    private sealed class ViewFlight
    {
        public CancellationTokenSource Cancellation { get; } = new();

        public Task<byte[]>? Run { get; set; }

        public int Waiters { get; set; }
    }
}
