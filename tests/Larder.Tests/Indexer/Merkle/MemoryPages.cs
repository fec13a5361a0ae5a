using System.Collections.Concurrent;
using Larder.Indexer.Merkle;

namespace Larder.Tests.Indexer.Merkle;

/// <summary>Pages in a dictionary, with counts of what was read and written, and a check of who may do what when.</summary>
internal sealed class MemoryPages : IPageStore
{
    private readonly Dictionary<string, byte[]> _pages = [];
    private readonly ConcurrentDictionary<string, int> _reads = [];
    private bool _written;

    internal IReadOnlyDictionary<string, byte[]> Pages => _pages;

    internal IEnumerable<int> ReadsPerPage => _reads.Values;

    internal int Writes { get; private set; }

    public int Read(ReadOnlySpan<byte> key, Span<byte> page)
    {
        Assert.False(_written);
        var name = Convert.ToHexStringLower(key);
        _reads.AddOrUpdate(name, 1, (_, count) => count + 1);
        if (!_pages.TryGetValue(name, out var bytes))
        {
            return -1;
        }

        bytes.AsSpan(0, Math.Min(bytes.Length, page.Length)).CopyTo(page);
        return bytes.Length;
    }

    public void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> page)
    {
        _written = true;
        Writes++;
        _pages[Convert.ToHexStringLower(key)] = page.ToArray();
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        _written = true;
        Assert.True(_pages.Remove(Convert.ToHexStringLower(key)));
    }

    internal void Damage(string name, byte[] bytes) => _pages[name] = bytes;

    internal void Remove(string name) => _pages.Remove(name);

    internal void BeginUpdate()
    {
        _written = false;
        _reads.Clear();
        Writes = 0;
    }

    internal void AssertSame(MemoryPages other)
    {
        Assert.Equal(_pages.Keys.Order(), other._pages.Keys.Order());
        foreach (var (name, bytes) in _pages)
        {
            Assert.Equal(bytes, other._pages[name]);
        }
    }
}
