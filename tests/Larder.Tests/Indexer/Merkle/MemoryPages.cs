using System.Collections.Concurrent;
using System.Security.Cryptography;
using Larder.Indexer.Merkle;

namespace Larder.Tests.Indexer.Merkle;

/// <summary>Pages in a dictionary, with counts of what was read and written, and a check of who may do what when.</summary>
internal sealed class MemoryPages : IPageStore
{
    private readonly Dictionary<string, byte[]> _pages = [];
    private readonly ConcurrentDictionary<string, int> _reads = [];
    private readonly HashSet<string> _written = [];
    private readonly Lock _gate = new();
    private int _writing;

    internal IReadOnlyDictionary<string, byte[]> Pages => _pages;

    internal IEnumerable<int> ReadsPerPage => _reads.Values;

    internal int Writes { get; private set; }

    public int Read(ReadOnlySpan<byte> key, Span<byte> page, out ulong version)
    {
        version = 0;
        var name = Convert.ToHexStringLower(key);
        _reads.AddOrUpdate(name, 1, (_, count) => count + 1);
        byte[]? bytes;
        lock (_gate)
        {
            Assert.DoesNotContain(name, _written);
            if (!_pages.TryGetValue(name, out bytes))
            {
                return -1;
            }
        }

        version = VersionOf(bytes);
        bytes.AsSpan(0, Math.Min(bytes.Length, page.Length)).CopyTo(page);
        return bytes.Length;
    }

    // All of the older content, so that the write can be held against what is there.
    public int WriteDifference(ReadOnlySpan<byte> older, ReadOnlySpan<byte> newer, Span<byte> destination)
    {
        older.CopyTo(destination);
        return older.Length;
    }

    public void Write(in PageWrite write)
    {
        Assert.Equal(1, Interlocked.Increment(ref _writing));
        lock (_gate)
        {
            Apply(write);
        }

        Interlocked.Decrement(ref _writing);
    }

    internal MemoryPages Copy()
    {
        var copy = new MemoryPages();
        foreach (var (name, bytes) in _pages)
        {
            copy._pages.Add(name, bytes);
        }

        return copy;
    }

    internal void Damage(string name, byte[] bytes) => _pages[name] = bytes;

    internal void Remove(string name) => _pages.Remove(name);

    internal void BeginUpdate()
    {
        _written.Clear();
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

    // Some number that another content has not.
    private static ulong VersionOf(byte[] page) => BitConverter.ToUInt64(SHA256.HashData(page));

    private void Apply(in PageWrite write)
    {
        var name = Convert.ToHexStringLower(write.Key);
        Assert.True(_written.Add(name));
        Assert.Equal(write.Before.WasRead, _pages.ContainsKey(name));
        if (write.Before.WasRead)
        {
            Assert.Equal(_pages[name], write.Before.Difference);
            Assert.Equal(VersionOf(_pages[name]), write.Before.Version);
        }

        if (write.Page.IsEmpty)
        {
            Assert.True(_pages.Remove(name));
            return;
        }

        Writes++;
        _pages[name] = write.Page.ToArray();
    }
}
