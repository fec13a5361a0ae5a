using System.Diagnostics.CodeAnalysis;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <content>Removal by key, by value, by owner, and of everything.</content>
public sealed partial class BoundedCache<TKey, TValue>
{
    /// <summary>Removes a key's value; whether there was one.</summary>
    /// <param name="key">The key.</param>
    /// <param name="reason">What listeners and statistics are told.</param>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public bool Remove(TKey key, RemovalReason reason = RemovalReason.Removed)
    {
        var removed = RentBatch();
        try
        {
            return Remove(key, reason, removed, default, conditional: false, out _);
        }
        finally
        {
            Deliver(removed);
        }
    }

    /// <summary>
    /// Removes a key's value if it is still this one (the same object, or an equal value of a value type).
    /// </summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public bool RemoveExactly(TKey key, TValue value, RemovalReason reason = RemovalReason.Removed)
    {
        var removed = RentBatch();
        try
        {
            return Remove(key, reason, removed, value, conditional: true, out _);
        }
        finally
        {
            Deliver(removed);
        }
    }

    /// <summary>Removes a key's value and hands it out: it is the caller's now. Listeners hear of it.</summary>
    /// <exception cref="CacheException">The shard is poisoned.</exception>
    public bool TryRemove(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var removed = _listener is null ? null : RemovalBatch<TKey, TValue>.Rent();
        try
        {
            return Remove(key, RemovalReason.Removed, removed, default, conditional: false, out value);
        }
        finally
        {
            Deliver(removed, release: false);
        }
    }

    /// <summary>
    /// Removes everything that was put with this owner and frees its weight at once; returns how many entries. Puts
    /// that had ended when this began are all covered.
    /// </summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public int InvalidateOwner(string owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        return RemoveMany(owner, RemovalReason.Invalidated);
    }

    /// <summary>Removes everything; returns how many entries. Puts that had ended when this began are all covered.</summary>
    /// <exception cref="CacheException">A shard is poisoned.</exception>
    public int Clear()
    {
        OutdateAll();
        return RemoveMany(owner: null, RemovalReason.Removed);
    }

    private bool Remove(
        TKey key,
        RemovalReason reason,
        RemovalBatch<TKey, TValue>? removed,
        TValue? expected,
        bool conditional,
        [MaybeNullWhen(false)] out TValue value)
    {
        if (!conditional)
        {
            Outdate(key);
        }

        var mixed = Mix(key);
        var shard = ShardOf(mixed);
        long weight;
        shard.Enter();
        try
        {
            if (!shard.TryFind((uint)mixed, key, out var slot, out value)
                || (conditional && !IsSame(value, expected)))
            {
                value = default;
                return false;
            }

            weight = shard.RemoveSlot(slot, reason, removed);
        }
        finally
        {
            shard.Exit();
        }

        ByteBudget.GiveBack(weight);
        EntryBudget.GiveBack(1);
        return true;
    }

    private int RemoveMany(string? owner, RemovalReason reason)
    {
        var removed = RentBatch();
        var count = 0;
        try
        {
            foreach (var shard in _shards)
            {
                int left;
                long bytes;
                shard.Enter();
                try
                {
                    left = shard.RemoveMany(owner, reason, removed, out bytes);
                }
                finally
                {
                    shard.Exit();
                }

                ByteBudget.GiveBack(bytes);
                EntryBudget.GiveBack(left);
                count += left;
            }
        }
        finally
        {
            Deliver(removed);
        }

        return count;
    }

    private static bool IsSame(TValue left, TValue? right) =>
        typeof(TValue).IsValueType
            ? EqualityComparer<TValue>.Default.Equals(left, right)
            : ReferenceEquals(left, right);
}
