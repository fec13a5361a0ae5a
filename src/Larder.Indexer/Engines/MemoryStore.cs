using System.Collections.Immutable;

namespace Larder.Indexer.Engines;

/// <summary>A store in memory. It remembers what was not synced, so that tests can lose it.</summary>
internal sealed class MemoryStore : OrderedStore
{
    private static readonly ImmutableArray<MemoryTree.Node?> Empty = [.. new MemoryTree.Node?[FamilyCount]];

    private readonly Lock _gate = new();

    // Guarded by _gate. The last is what the store holds, the first what was synced last, with all between them.
    private readonly List<ImmutableArray<MemoryTree.Node?>> _versions = [Empty];
    private int _writes;
    private bool _crashed;

    public MemoryStore()
    {
    }

    private MemoryStore(ImmutableArray<MemoryTree.Node?> version) => _versions = [version];

    /// <summary>Asked before each write, with the number of the write from 1; null does them all.</summary>
    public Func<int, MemoryFault>? Fault { get; set; }

    /// <summary>Whether every version since the last sync is kept for <see cref="Recover"/>.</summary>
    public bool KeepsUnsynced { get; init; }

    /// <summary>Writes that were done or failed.</summary>
    public int Writes
    {
        get
        {
            lock (_gate)
            {
                return _writes;
            }
        }
    }

    /// <summary>Writes that a loss of power may lose.</summary>
    public int UnsyncedWrites
    {
        get
        {
            lock (_gate)
            {
                return _versions.Count - 1;
            }
        }
    }

    /// <summary>The store as it is found after a loss of power that kept so many of the writes that were not synced.</summary>
    public MemoryStore Recover(int kept)
    {
        lock (_gate)
        {
            return new MemoryStore(_versions[Math.Min(kept, _versions.Count - 1)]) { KeepsUnsynced = KeepsUnsynced };
        }
    }

    /// <inheritdoc/>
    public override StoreSnapshot CreateSnapshot()
    {
        lock (_gate)
        {
            return new MemorySnapshot(_versions[^1]);
        }
    }

    /// <inheritdoc/>
    public override StoreBatch CreateBatch() => new MemoryBatch();

    /// <inheritdoc/>
    public override void Write(StoreBatch batch, bool sync)
    {
        lock (_gate)
        {
            ThrowIfCrashed();
            var fault = Fault?.Invoke(++_writes) ?? MemoryFault.None;
            if (fault == MemoryFault.NoSpace)
            {
                throw new IndexerException(IndexerErrorKind.NoSpace, "The store in memory has no room.");
            }

            if (fault != MemoryFault.CrashBefore)
            {
                Apply((MemoryBatch)batch, sync);
            }

            _crashed = fault != MemoryFault.None;
            ThrowIfCrashed();
        }
    }

    /// <inheritdoc/>
    public override void Sync()
    {
        lock (_gate)
        {
            ThrowIfCrashed();
            _versions.RemoveRange(0, _versions.Count - 1);
        }
    }

    /// <inheritdoc/>
    public override void Compact()
    {
    }

    /// <inheritdoc/>
    public override StoreFigures GetFigures()
    {
        var families = ImmutableArray.CreateBuilder<StoreFamilyFigures>(FamilyCount);
        using var snapshot = CreateSnapshot();
        foreach (var family in Families)
        {
            var (keys, bytes) = (0L, 0L);
            using var iterator = snapshot.Iterate(family);
            for (iterator.Seek([]); iterator.IsValid; iterator.Next())
            {
                keys++;
                bytes += iterator.Key.Length + iterator.Value.Length;
            }

            families.Add(new StoreFamilyFigures(keys, bytes));
        }

        return new StoreFigures(families.ToImmutable(), families.Sum(static family => family.Bytes), 0);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }

    private void Apply(MemoryBatch batch, bool sync)
    {
        var roots = _versions[^1].ToBuilder();
        var owner = new object();
        foreach (var change in batch.Changes)
        {
            var family = (int)change.Family;
            if (change.Value is not null)
            {
                roots[family] = MemoryTree.Put(roots[family], change.Key, change.Value, owner);
            }
            else if (change.RangeEnd is null)
            {
                roots[family] = MemoryTree.Remove(roots[family], change.Key, owner);
            }
            else
            {
                roots[family] = RemoveRange(roots[family], change.Key, change.RangeEnd, owner);
            }
        }

        if (!KeepsUnsynced || sync)
        {
            _versions.Clear();
        }

        _versions.Add(roots.ToImmutable());
    }

    private static MemoryTree.Node? RemoveRange(MemoryTree.Node? root, byte[] start, byte[] end, object owner)
    {
        var doomed = new List<byte[]>();
        var iterator = new MemoryIterator(root);
        for (iterator.Seek(start); iterator.IsValid && iterator.Key.SequenceCompareTo(end) < 0; iterator.Next())
        {
            doomed.Add(iterator.Key.ToArray());
        }

        foreach (var key in doomed)
        {
            root = MemoryTree.Remove(root, key, owner);
        }

        return root;
    }

    private void ThrowIfCrashed()
    {
        if (_crashed)
        {
            throw new InvalidOperationException("The process ended here.");
        }
    }
}
