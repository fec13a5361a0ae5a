using Larder.Indexer.Engines;

namespace Larder.Tests.Indexer.Engines;

/// <summary>The persistent map under the store in memory, against a plain sorted list.</summary>
public sealed class MemoryTreeTests(ITestOutputHelper output)
{
    [Fact]
    public void Every_version_stays_what_it_was_and_is_walked_in_order()
    {
        var seed = Environment.TickCount & 0xFFFF;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        MemoryTree.Node? root = null;
        var versions = new List<(MemoryTree.Node? Root, KeyValuePair<string, byte[]>[] Content)>();
        for (var version = 0; version < 60; version++)
        {
            var owner = new object();
            for (var i = random.Next(400); i > 0; i--)
            {
                var key = BitConverter.GetBytes((ushort)random.Next(3000));
                if (random.Next(version % 20 < 10 ? 4 : 2) == 0)
                {
                    root = MemoryTree.Remove(root, key, owner);
                    model.Remove(Convert.ToHexString(key));
                }
                else
                {
                    var value = new[] { (byte)i };
                    root = MemoryTree.Put(root, key, value, owner);
                    model[Convert.ToHexString(key)] = value;
                }
            }

            versions.Add((root, [.. model]));
        }

        foreach (var (old, content) in versions)
        {
            AssertContent(old, content, random);
        }
    }

    private static void AssertContent(MemoryTree.Node? root, KeyValuePair<string, byte[]>[] content, Random random)
    {
        using var iterator = new MemoryIterator(root);
        var index = 0;
        for (iterator.Seek([]); iterator.IsValid; iterator.Next())
        {
            Assert.Equal(content[index].Key, Convert.ToHexString(iterator.Key));
            Assert.Equal(content[index].Value, iterator.Value.ToArray());
            index++;
        }

        Assert.Equal(content.Length, index);
        for (iterator.SeekLast(); iterator.IsValid; iterator.Previous())
        {
            Assert.Equal(content[--index].Key, Convert.ToHexString(iterator.Key));
        }

        Assert.Equal(0, index);
        iterator.SeekLast();
        Assert.Equal(content.Length > 0 ? content[^1].Key : null, KeyOf(iterator));
        for (var probe = 0; probe < 100; probe++)
        {
            var key = BitConverter.GetBytes((ushort)random.Next(3000));
            var text = Convert.ToHexString(key);
            iterator.Seek(key);
            Assert.Equal(content.Select(static pair => pair.Key).FirstOrDefault(other => string.CompareOrdinal(other, text) >= 0), KeyOf(iterator));
            iterator.SeekBackward(key);
            Assert.Equal(content.Select(static pair => pair.Key).LastOrDefault(other => string.CompareOrdinal(other, text) <= 0), KeyOf(iterator));
            Assert.Equal(content.Where(pair => pair.Key == text).Select(static pair => pair.Value).FirstOrDefault(), MemoryTree.Find(root, key));
        }
    }

    private static string? KeyOf(MemoryIterator iterator) => iterator.IsValid ? Convert.ToHexString(iterator.Key) : null;
}
