namespace Larder.Cache.Policy;

/// <summary>
/// What a shard knows of the entries that its policy orders, so that the policy need not store it again. Read under
/// the shard's lock.
/// </summary>
internal interface ISlotTable
{
    /// <summary>The mixed hash of the entry that lives in <paramref name="slot"/>.</summary>
    uint HashOf(int slot);

    /// <summary>The weight of the entry that lives in <paramref name="slot"/>.</summary>
    long WeightOf(int slot);
}
