using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>
/// Reads the pages of the trees as they count at one sequence. For one thread. A page is kept as it is now; what it was before
/// is made from the lists of those commits that wrote it, one after the other.
/// </summary>
internal sealed class PageReader(StoreSnapshot snapshot, ulong sequence, DeadIntervals dead) : IDisposable
{
    private const int MaxChunks = 256;

    private readonly StoreValue _value = new();
    private readonly ScratchBuffer _listKey = new();
    private readonly Dictionary<ulong, PageUndoChunk> _chunks = [];
    private ScratchBuffer _content = new();
    private ScratchBuffer _older = new();
    private StoreIterator? _lists;

    /// <summary>The bytes of a page, until the next call; empty when it is not there.</summary>
    /// <param name="key">Key of the page.</param>
    /// <param name="version">The commit that wrote it; 0 where none did that counts.</param>
    public ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key, out ulong version)
    {
        if (!snapshot.TryGet(StoreFamily.Pages, key, _value))
        {
            version = 0;
            return default;
        }

        version = VersionFormat.SequenceOf(_value.Span);
        var content = VersionFormat.ValueOf(_value.Span);
        return Counts(version) ? content : Older(key, content, ref version);
    }

    /// <summary>Whether a version counts.</summary>
    public bool Counts(ulong version) => version <= sequence && !dead.Contains(version);

    /// <summary>The newest version that counts below one that does not.</summary>
    /// <param name="key">Key of the page.</param>
    /// <param name="content">What that version is.</param>
    /// <param name="version">The commit that wrote it; becomes the one that wrote the older, 0 where none did that counts.</param>
    public ReadOnlySpan<byte> Older(ReadOnlySpan<byte> key, ReadOnlySpan<byte> content, scoped ref ulong version)
    {
        do
        {
            content = Before(key, content, ref version);
        }
        while (version != 0 && !Counts(version));
        return version == 0 ? default : content;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _value.Dispose();
        _lists?.Dispose();
        _lists = null;
    }

    // What a page held before a commit wrote it. Trees are walked in the order of the lists, so that the chunk that was read last
    // of a commit mostly has the next page too.
    private ReadOnlySpan<byte> Before(ReadOnlySpan<byte> key, ReadOnlySpan<byte> content, scoped ref ulong version)
    {
        var order = PageOrder.Of(key);
        if (!_chunks.TryGetValue(version, out var chunk))
        {
            if (_chunks.Count >= MaxChunks)
            {
                _chunks.Clear();
            }

            chunk = new PageUndoChunk();
            _chunks.Add(version, chunk);
        }

        if (!chunk.TryFind(order, key, out var entry))
        {
            Load(chunk, key, version);
            if (!chunk.TryFind(order, key, out entry))
            {
                throw UndoFormat.Damaged();
            }
        }

        var delta = chunk.Delta(entry);
        var length = PageDelta.Read(ref delta, content, _older);
        (_content, _older) = (_older, _content);
        version = entry.Superseded;
        return _content.Take(length);
    }

    private void Load(PageUndoChunk chunk, ReadOnlySpan<byte> key, ulong version)
    {
        _lists ??= snapshot.Iterate(StoreFamily.Undo);
        var listKey = PageUndoFormat.WriteKey(_listKey, version, key);
        _lists.Seek(listKey);
        if (!_lists.IsValid || !_lists.Key.StartsWith(listKey[..PageUndoFormat.PrefixBytes]))
        {
            throw UndoFormat.Damaged();
        }

        chunk.Load(_lists.Value);
    }
}
