namespace Larder.Indexer.Merkle;

/// <summary>Where the pages of Merkle trees are kept. Whoever keeps them gives every version of the state its own view.</summary>
internal interface IPageStore
{
    /// <summary>Reads a page. Called by several threads at once, but never while pages are written.</summary>
    /// <param name="key">Key of the page, at most <see cref="MerklePage.MaxKeyBytes"/> bytes.</param>
    /// <param name="page">Where its bytes go; as long as any page is: <see cref="MerklePage.MaxBytes"/>.</param>
    /// <returns>Length of the page; -1 when there is none. Longer than <paramref name="page"/> is damage.</returns>
    int Read(ReadOnlySpan<byte> key, Span<byte> page);

    /// <summary>Writes or overwrites a page. Called by the thread that updates the tree.</summary>
    /// <param name="key">Key of the page.</param>
    /// <param name="page">Its bytes, valid during the call.</param>
    void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> page);

    /// <summary>Deletes a page that is there. Called by the thread that updates the tree.</summary>
    /// <param name="key">Key of the page.</param>
    void Delete(ReadOnlySpan<byte> key);
}
