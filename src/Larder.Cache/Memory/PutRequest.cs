using System.Runtime.InteropServices;

namespace Larder.Cache.Memory;

/// <summary>A put on its way through one shard, and what it has booked of the budgets so far.</summary>
[StructLayout(LayoutKind.Auto)]
internal ref struct PutRequest<TKey, TValue>
{
    public required TKey Key;
    public required TValue Value;
    public required uint Hash;
    public required long Weight;
    public string? Owner;

    /// <summary>Whether a value that is there already stays; it is then given back in <see cref="Value"/>.</summary>
    public bool OnlyIfAbsent;

    /// <summary>Bytes that are booked for this put and not yet used by an entry.</summary>
    public long BookedBytes;

    /// <summary>Entries that are booked for this put and not yet used.</summary>
    public long BookedEntries;

    /// <summary>What came from a reservation, and still counts as reserved until the put is over.</summary>
    public long Reserved;

    /// <summary>Bytes that other shards must give up before the put can go on.</summary>
    public long WantedBytes;

    /// <summary>Entries that other shards must give up before the put can go on.</summary>
    public long WantedEntries;

    /// <summary>Whether other shards give up only what they hold above their fair share.</summary>
    public bool OnlySurplus;

    /// <summary>How often other shards have been asked.</summary>
    public int Reclaims;

    /// <summary>Where what leaves is collected; null when nobody wants to know.</summary>
    public RemovalBatch<TKey, TValue>? Removed;
}
