namespace Larder.Cache.Policy;

/// <summary>
/// Decides which entries of one shard stay. A plain single-threaded structure over slot numbers: every member except
/// the arrays that lookups write to is called under the shard's lock.
/// </summary>
/// <remarks>
/// The shard numbers its entries with slots from 0 upward and reuses the numbers of removed entries. The policy keeps
/// what it needs in arrays indexed by slot. A lookup that hits takes no lock: it raises <see cref="Touches"/> of the
/// slot, without synchronisation, where that is below <see cref="MaxTouch"/>, and does nothing else. A lost mark is
/// harmless. Policies therefore order their queues lazily, when they look for victims. Hash and weight of an entry are
/// in the shard's own table, <see cref="Slots"/>; what a policy stores beside it, sketches included, should stay
/// within 20 bytes a slot, because memory an entry costs beside its key and value is a bar of the product.
/// </remarks>
internal abstract class EvictionPolicy
{
    /// <summary>Where lookups stop counting: hot entries are written to once a turn of the queue, and otherwise read.</summary>
    public const byte MaxTouch = 1;

    /// <summary>Hits of each slot since the policy last looked at it, saturating at <see cref="MaxTouch"/>.</summary>
    /// <remarks>Replaced by a larger array when the shard grows; written by lookups without a lock.</remarks>
    public byte[] Touches { get; protected set; } = [];

    /// <summary>Creates a policy.</summary>
    public static EvictionPolicy Create(EvictionPolicyKind kind) => kind switch
    {
        EvictionPolicyKind.Lru => new LruPolicy(),
        _ => new FrequencyPolicy(),
    };

    /// <summary>
    /// The shard's table: valid for a slot from before <see cref="OnInsert"/> until after <see cref="OnRemove"/>; during
    /// <see cref="OnReplace"/> it still holds the old weight.
    /// </summary>
    protected ISlotTable Slots { get; private set; } = null!; // Attach comes before every other call.

    /// <summary>Tells where hashes and weights are. Called once, before anything else.</summary>
    public void Attach(ISlotTable slots) => Slots = slots;

    /// <summary>
    /// Makes every array exactly large enough for slot numbers below <paramref name="slots"/>; the shard decides how
    /// much to grow by.
    /// </summary>
    public abstract void EnsureCapacity(int slots);

    /// <summary>Tells the limits that the shard works within now; -1 means no limit of that sort.</summary>
    public abstract void SetCapacity(long bytes, long entries);

    /// <summary>
    /// Chooses, before a new entry comes, which entries go for it. The shard removes exactly the chosen ones (calling
    /// <see cref="OnRemove"/> for each) and then, on true, inserts the newcomer.
    /// </summary>
    /// <param name="hash">The newcomer's mixed hash.</param>
    /// <param name="weight">The newcomer's weight.</param>
    /// <param name="excessBytes">Bytes that must be freed so that it fits; zero or less when they are free already.</param>
    /// <param name="excessEntries">Entries that must go so that it fits; zero or less when none must.</param>
    /// <param name="victims">Receives the chosen slots; empty on entry.</param>
    /// <returns>Whether the newcomer is admitted. When it is not, nothing has to be removed.</returns>
    public abstract bool MakeRoom(uint hash, long weight, long excessBytes, long excessEntries, List<int> victims);

    /// <summary>The newcomer lives in <paramref name="slot"/> now.</summary>
    public abstract void OnInsert(int slot, uint hash, long weight);

    /// <summary>The value of <paramref name="slot"/> was replaced by one of another weight; counts as a use.</summary>
    public abstract void OnReplace(int slot, long weight);

    /// <summary>The entry of <paramref name="slot"/> has left, for whatever reason.</summary>
    public abstract void OnRemove(int slot);

    /// <summary>The slot that should go next when capacity is lowered or lent bytes are called back; -1 when empty.</summary>
    public abstract int NextVictim();

    /// <summary>Throws when the internal structure is not sound. For tests.</summary>
    public abstract void CheckIntegrity();
}
