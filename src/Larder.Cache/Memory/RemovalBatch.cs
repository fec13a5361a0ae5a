using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <summary>Collects what one call pushed out, until the locks are left. One a thread and type is kept for reuse.</summary>
internal sealed class RemovalBatch<TKey, TValue>
{
    // A batch that grew beyond this is not kept.
    private const int MaxKept = 256;

    [ThreadStatic]
    private static RemovalBatch<TKey, TValue>? _spare;

    private RemovedEntry<TKey, TValue>[] _entries = new RemovedEntry<TKey, TValue>[8];
    private int _count;

    /// <summary>What was collected.</summary>
    public ReadOnlySpan<RemovedEntry<TKey, TValue>> Entries => _entries.AsSpan(0, _count);

    /// <summary>Takes an empty batch. A call that comes from within a listener gets another one.</summary>
    public static RemovalBatch<TKey, TValue> Rent()
    {
        var batch = _spare ?? new RemovalBatch<TKey, TValue>();
        _spare = null;
        return batch;
    }

    /// <summary>Drops the contents and keeps the batch for the thread's next call.</summary>
    public void Return()
    {
        Array.Clear(_entries, 0, _count);
        _count = 0;
        if (_entries.Length <= MaxKept)
        {
            _spare = this;
        }
    }

    /// <summary>Adds one value that left.</summary>
    public void Add(TKey key, TValue value, long weight, RemovalReason reason, long ageTicks = -1)
    {
        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
        }

        _entries[_count++] = new RemovedEntry<TKey, TValue>(key, value, weight, reason, ageTicks);
    }
}
