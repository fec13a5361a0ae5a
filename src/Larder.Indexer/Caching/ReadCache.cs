using System.Runtime.CompilerServices;
using Larder.Indexer.State;

namespace Larder.Indexer.Caching;

/// <summary>
/// What was read from the state of an index, kept below the host calls in memory that is committed beforehand: whatever
/// its size, no guest and no result can tell that it is there.
/// </summary>
/// <remarks>
/// <para>The memory is taken when the cache is made, before anything else of a runtime, or earlier with
/// <see cref="EnsurePreallocated"/>. Index and entries lie in it; nothing else grows.</para>
/// <para><see cref="CachePartition.Main"/>, <see cref="SetMode"/>, <see cref="EvictToTarget()"/> and <see cref="Dispose"/> are for
/// one thread, the one that indexes: it takes no lock. The other partitions are for any number of threads.</para>
/// <para>The policy is described in the class CacheTable; docs/INDEXER-CACHE.md says what is promised.</para>
/// </remarks>
public sealed partial class ReadCache : IDisposable
{
    private const int TagBits = 20;

    private readonly CacheRegion _region;

    // What enters the main partition, for the thread that indexes. An entry costs a fifteenth of the read of a value from the store that
    // it may save, and a quarter of one that finds none, which most are that are looked up.
    private readonly CacheAdmission _written = new(payingShare: 16, leastBlocks: 2, sampleShift: 24);
    private readonly CacheAdmission _lookedUp = new(payingShare: 8, leastBlocks: 4, sampleShift: 20);

    // Null when the cache is closed. Replaced under the gates of all tables.
    private CacheLayout? _layout;

    // Null where keys are not analysed.
    private KeyPrefixAnalysis? _analysis;

    /// <summary>Takes the memory and lays it out.</summary>
    /// <exception cref="IndexerException">
    /// <see cref="IndexerErrorKind.Configuration"/>: the options are out of range.
    /// <see cref="IndexerErrorKind.NoSpace"/>: the machine cannot give that much; the message names the limit. Nothing is left behind.
    /// </exception>
    public ReadCache(ReadCacheOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _region = new CacheRegion(options);
        _layout = NewLayout(options.Mode);
    }

    /// <summary>What the cache was made with.</summary>
    public ReadCacheOptions Options { get; }

    /// <summary>Who gets the room now.</summary>
    public AllocationMode Mode => Layout.Mode;

    private CacheLayout Layout => Volatile.Read(ref _layout) ?? throw new ObjectDisposedException(nameof(ReadCache));

    /// <summary>A cache, or null where the size is 0, which is off.</summary>
    /// <exception cref="IndexerException">As for the constructor.</exception>
    public static ReadCache? Open(ReadCacheOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.SizeBytes == 0 ? null : new ReadCache(options);
    }

    /// <summary>
    /// Reserves, commits and verifies the process's region for a cache with these options, if that was not done before. To be
    /// called at the very start; may be called any number of times, by any thread. Does nothing where the size is 0.
    /// </summary>
    /// <exception cref="IndexerException">As for the constructor; also where the process has made a region of another size.</exception>
    public static void EnsurePreallocated(ReadCacheOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.SizeBytes != 0)
        {
            options.Validate();
            CacheRegion.Make(options with { UsePreallocatedArena = true });
        }
    }

    /// <summary>Looks a key up.</summary>
    /// <param name="partition">Where; the main partition is for one thread only.</param>
    /// <param name="scope">What the key belongs to: 0 in the main partition.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">Gets a copy of the value, empty where the key is known to have none; left as it is at a miss.</param>
    /// <returns>Whether anything is known of the key.</returns>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public bool TryGet(CachePartition partition, ulong scope, ReadOnlySpan<byte> key, ValueBuffer value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryGet(partition, scope, KeyHash.Of(scope, key), key, value);
    }

    /// <summary>Looks up a key whose hash is known.</summary>
    internal bool TryGet(CachePartition partition, ulong scope, ulong hash, ReadOnlySpan<byte> key, ValueBuffer value)
    {
        bool found;
        if (partition == CachePartition.Main)
        {
            found = Layout.Main.TryGet(hash, scope, key, value);
        }
        else
        {
            var table = Enter(partition, hash);
            try
            {
                found = table.TryGet(hash, scope, key, value);
            }
            finally
            {
                table.Gate.Exit();
            }
        }

        _analysis?.Record(key, found);
        return found;
    }

    /// <summary>Puts a value in place of the one that is known of a key, if any.</summary>
    /// <param name="partition">Where; the main partition is for one thread only.</param>
    /// <param name="scope">What the key belongs to: 0 in the main partition.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value; empty where it has none.</param>
    /// <returns>False where it is too long: then nothing is known of the key.</returns>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public bool Set(CachePartition partition, ulong scope, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        Set(partition, scope, KeyHash.Of(scope, key), key, value);

    /// <summary>Puts the value of a key whose hash is known.</summary>
    internal bool Set(CachePartition partition, ulong scope, ulong hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (partition == CachePartition.Main)
        {
            return Layout.Main.Set(hash, scope, key, value);
        }

        var table = Enter(partition, hash);
        try
        {
            return table.Set(hash, scope, key, value);
        }
        finally
        {
            table.Gate.Exit();
        }
    }

    /// <summary>
    /// Puts the value of a key that was just looked up in vain: in the main partition only while keys are looked up again.
    /// </summary>
    internal void SetLookedUp(CachePartition partition, ulong scope, ulong hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (partition != CachePartition.Main || scope != 0)
        {
            Set(partition, scope, hash, key, value);
        }
        else if (_lookedUp.Wants(hash))
        {
            Layout.Main.SetLookedUp(hash, key, value);
        }
    }

    /// <summary>Forgets a key; false where nothing is known of it.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public bool Remove(CachePartition partition, ulong scope, ReadOnlySpan<byte> key)
    {
        var hash = KeyHash.Of(scope, key);
        if (partition == CachePartition.Main)
        {
            return Layout.Main.Remove(hash, scope, key);
        }

        var table = Enter(partition, hash);
        try
        {
            return table.Remove(hash, scope, key);
        }
        finally
        {
            table.Gate.Exit();
        }
    }

    /// <summary>Forgets everything in a partition, in time that does not depend on how much that is.</summary>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public void Clear(CachePartition partition)
    {
        if (partition == CachePartition.Main)
        {
            Layout.Main.Clear();
            return;
        }

        Each(partition, table => table.Clear());
    }

    /// <summary>
    /// Puts what a block wrote into the main partition: in place of what is known of its keys, and, while blocks read what earlier ones
    /// wrote, keys that are new to it. To be called while the block is committed, when nothing reads that
    /// partition; what a commit that failed has left is cleared with <see cref="Clear"/>.
    /// </summary>
    /// <param name="writes">The writes in order; of a key that comes twice the last one counts.</param>
    /// <exception cref="ObjectDisposedException">The cache is closed.</exception>
    public void SetCommitted(IReadOnlyList<StateWrite> writes)
    {
        ArgumentNullException.ThrowIfNull(writes);
        var table = Layout.Main;
        for (var index = 0; index < writes.Count; index++)
        {
            var key = writes[index].Key.Span;
            var hash = KeyHash.Of(0, key);
            table.SetWritten(hash, key, writes[index].Value.Span, _written.Wants(hash));
        }

        ref readonly var counters = ref table.Counters;
        _written.Learn(counters.Written, counters.WrittenReads);
        _lookedUp.Learn(counters.LookedUp, counters.LookedUpReads);
    }

    /// <summary>Gives the memory back. Nothing may be using the main partition; views that come later get an error.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _layout, null) is { } layout)
        {
            WithAllGates(layout, () => Close(layout));
            _region.Dispose();
        }
    }

    // The table of a key, its gate entered.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private CacheTable Enter(CachePartition partition, ulong hash)
    {
        while (true)
        {
            var tables = Layout.Tables[(int)partition];
            var table = tables[(int)(hash >> TagBits) & (tables.Length - 1)];
            table.Gate.Enter();
            if (!table.IsClosed)
            {
                return table;
            }

            // The mode has changed in between.
            table.Gate.Exit();
        }
    }
}
