using System.Collections.Concurrent;
using Larder.Indexer.Engines;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>The pages of the trees at a generation's tip, with the changes of one commit kept aside.</summary>
internal sealed class StatePages(StoreGeneration generation) : IPageStore, IDisposable
{
    private readonly ConcurrentBag<VersionReader> _readers = [];
    private readonly List<Page> _changed = [];
    private byte[] _bytes = [];
    private int _length;

    /// <inheritdoc/>
    public int Read(ReadOnlySpan<byte> key, Span<byte> page)
    {
        if (!_readers.TryTake(out var reader))
        {
            reader = new VersionReader(generation.Snapshot, VersionedMap.Pages, generation.Sequence, generation.Header.Dead);
        }

        var found = reader.Get(key);
        var length = found.IsEmpty ? -1 : found.Length;
        if (length <= page.Length)
        {
            found.CopyTo(page);
        }

        _readers.Add(reader);
        return length;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> page)
    {
        var start = _length;
        var needed = checked(_length + key.Length + page.Length);
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(needed, Math.Max(64L << 10, 2L * _bytes.Length))));
        }

        key.CopyTo(_bytes.AsSpan(start));
        page.CopyTo(_bytes.AsSpan(start + key.Length));
        _length = needed;
        _changed.Add(new Page(start, key.Length, page.Length));
    }

    /// <inheritdoc/>
    public void Delete(ReadOnlySpan<byte> key) => Write(key, []);

    /// <summary>Writes what changed where nothing is to be taken back ever.</summary>
    public void WriteFirst(StoreBatch batch, ulong sequence)
    {
        var scratch = new ScratchBuffer();
        foreach (var page in _changed)
        {
            if (page.ValueLength == 0)
            {
                batch.Delete(StoreFamily.Pages, KeyOf(page));
            }
            else
            {
                batch.Put(StoreFamily.Pages, KeyOf(page), VersionFormat.Latest(scratch, sequence, ValueOf(page)));
            }
        }
    }

    /// <summary>Writes what changed as one commit's.</summary>
    public void WriteTo(VersionWriter writer, CancellationToken cancellationToken)
    {
        // Within one key the later write comes last.
        _changed.Sort((x, y) =>
        {
            var order = KeyOf(x).SequenceCompareTo(KeyOf(y));
            return order != 0 ? order : x.Start.CompareTo(y.Start);
        });
        using var keys = new PackedKeys();
        var pages = new List<Page>(_changed.Count);
        for (var i = 0; i < _changed.Count; i++)
        {
            if (i + 1 == _changed.Count || !KeyOf(_changed[i]).SequenceEqual(KeyOf(_changed[i + 1])))
            {
                keys.Add(KeyOf(_changed[i]));
                pages.Add(_changed[i]);
            }
        }

        writer.Write(keys, index => ValueOf(pages[index]), null, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    private ReadOnlySpan<byte> KeyOf(Page page) => _bytes.AsSpan(page.Start, page.KeyLength);

    private ReadOnlySpan<byte> ValueOf(Page page) => _bytes.AsSpan(page.Start + page.KeyLength, page.ValueLength);

    private readonly record struct Page(int Start, int KeyLength, int ValueLength);
}
