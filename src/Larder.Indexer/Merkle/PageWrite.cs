namespace Larder.Indexer.Merkle;

/// <summary>A page that an update of a tree writes.</summary>
/// <param name="key">Key of the page.</param>
/// <param name="page">Its bytes; empty to delete it.</param>
/// <param name="before">What there was of it.</param>
internal readonly ref struct PageWrite(ReadOnlySpan<byte> key, ReadOnlySpan<byte> page, in PageBefore before)
{
    public ReadOnlySpan<byte> Key { get; } = key;

    public ReadOnlySpan<byte> Page { get; } = page;

    public PageBefore Before { get; } = before;
}
