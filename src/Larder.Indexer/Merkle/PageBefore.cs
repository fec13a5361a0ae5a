namespace Larder.Indexer.Merkle;

/// <summary>What there was of a page before an update wrote it. Default: the tree had no such page, and did not look for it.</summary>
/// <param name="version">What the store said when it was read.</param>
/// <param name="difference">What the store wanted to know of its content.</param>
internal readonly ref struct PageBefore(ulong version, ReadOnlySpan<byte> difference)
{
    /// <summary>Whether the page was read.</summary>
    public bool WasRead { get; } = true;

    public ulong Version { get; } = version;

    public ReadOnlySpan<byte> Difference { get; } = difference;
}
