namespace Larder.Indexer.Merkle;

/// <summary>Where the pages of Merkle trees are kept. Whoever keeps them gives every version of the state its own view.</summary>
internal interface IPageStore
{
    /// <summary>Reads a page. Called by several threads at once, also while pages are written, but never one of these.</summary>
    /// <param name="key">Key of the page, at most <see cref="MerklePage.MaxKeyBytes"/> bytes.</param>
    /// <param name="page">Where its bytes go; as long as any page is: <see cref="MerklePage.MaxBytes"/>.</param>
    /// <param name="version">What the store wants to be told when this page is written.</param>
    /// <returns>Length of the page; -1 when there is none. Longer than <paramref name="page"/> is damage.</returns>
    int Read(ReadOnlySpan<byte> key, Span<byte> page, out ulong version);

    /// <summary>
    /// Says what the store wants to know of a page's older content when it writes the newer: the tree has both at hand. Called by
    /// several threads at once.
    /// </summary>
    /// <param name="older">What was read.</param>
    /// <param name="newer">What will be written; empty for a deletion.</param>
    /// <param name="destination">Where it goes: <see cref="MerklePage.MaxDifferenceBytes"/>.</param>
    /// <returns>Its length.</returns>
    int WriteDifference(ReadOnlySpan<byte> older, ReadOnlySpan<byte> newer, Span<byte> destination);

    /// <summary>
    /// Writes, overwrites or deletes a page. Called by one thread at a time. What an update that failed has written is the
    /// caller's to drop.
    /// </summary>
    /// <param name="write">What is written, valid during the call.</param>
    void Write(in PageWrite write);
}
