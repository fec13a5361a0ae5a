using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Indexer;
using Larder.Indexer.Merkle;

namespace Larder.Tests.Indexer.Merkle;

/// <summary>The tree against its definition: any history, any number of threads, damaged pages.</summary>
public sealed class MerkleTreeTests
{
    private static readonly byte[] Value = [1];

    [Fact]
    public void An_empty_tree_has_the_root_zero_and_no_pages()
    {
        var pages = new MemoryPages();

        Assert.True(MerkleTree.Update(pages, 0, default).IsDefault);
        Assert.True(MerkleTree.Update(pages, 0, Changes([(Key(1), [])])).IsDefault);
        Assert.Empty(pages.Pages);
    }

    [Fact]
    public void A_lone_leaf_is_the_root()
    {
        var pages = new MemoryPages();

        var root = MerkleTree.Update(pages, 0, Changes([(Key(7), Value)]));

        Assert.Equal(Fingerprint.OfContent([1, .. Key(7), .. SHA256.HashData(Value)]), root);
        pages.BeginUpdate();
        Assert.Equal(root, MerkleTree.Update(pages, 0, default));
    }

    [Fact]
    public void A_known_state_has_a_known_root()
    {
        var root = MerkleTree.Update(new MemoryPages(), 0, Changes([("a"u8.ToArray(), "1"u8.ToArray()), ("b"u8.ToArray(), "2"u8.ToArray())]));

        Assert.Equal(NaiveTree.Root([new("a"u8.ToArray(), "1"u8.ToArray()), new("b"u8.ToArray(), "2"u8.ToArray())]), root);
    }

    [Theory]
    [InlineData(1, 12, 400)]
    [InlineData(2, 60, 300)]
    [InlineData(3, 3000, 40)]
    [InlineData(4, 40000, 8)]
    public void Any_history_gives_the_root_and_the_pages_of_its_state(int seed, int keys, int rounds)
    {
        var random = new Random(seed);
        var state = new SortedDictionary<int, byte[]>();
        var pages = new MemoryPages();
        for (var round = 0; round < rounds; round++)
        {
            var touched = Enumerable.Range(0, random.Next(1, (keys / 4) + 2)).Select(_ => random.Next(keys)).Distinct();
            var deleting = random.NextDouble();
            var block = touched.Select(key => (key, value: random.NextDouble() < deleting ? [] : BitConverter.GetBytes(random.Next()))).ToArray();
            foreach (var (key, value) in block)
            {
                state[key] = value;
            }

            pages.BeginUpdate();
            var root = MerkleTree.Update(pages, 3, Changes(block.Select(pair => (Key(pair.key), pair.value))), 1 + (round % 3));

            var fresh = new MemoryPages();
            Assert.Equal(NaiveTree.Root(state.Select(pair => KeyValuePair.Create(Key(pair.Key), pair.Value))), root);
            Assert.Equal(root, MerkleTree.Update(fresh, 3, Changes(state.Select(pair => (Key(pair.Key), pair.Value)))));
            fresh.AssertSame(pages);
        }
    }

    [Fact]
    public void Threads_do_not_change_the_outcome()
    {
        var one = new MemoryPages();
        var many = new MemoryPages();
        var random = new Random(5);
        for (var round = 0; round < 6; round++)
        {
            var block = Changes(Enumerable.Range(0, 5000).Select(_ => random.Next(20000)).Distinct()
                .Select(key => (Key(key), random.Next(3) == 0 ? [] : BitConverter.GetBytes(random.Next()))));
            one.BeginUpdate();
            many.BeginUpdate();

            Assert.Equal(MerkleTree.Update(one, 0, block, 1), MerkleTree.Update(many, 0, block, 7));
            one.AssertSame(many);
        }
    }

    [Fact]
    public void A_page_is_read_once_and_written_once()
    {
        var pages = new MemoryPages();
        MerkleTree.Update(pages, 0, Changes(Enumerable.Range(0, 800).Select(key => (Key(key), Value))));
        pages.BeginUpdate();

        MerkleTree.Update(pages, 0, Changes(Enumerable.Range(0, 400).Select(key => (Key(key), new byte[] { 2 }))));

        Assert.All(pages.ReadsPerPage, count => Assert.Equal(1, count));
        Assert.True(pages.Writes <= pages.Pages.Count);
    }

    [Fact]
    public void What_does_not_change_is_not_written()
    {
        var pages = new MemoryPages();
        var leaves = Changes(Enumerable.Range(0, 3000).Select(key => (Key(key), Value)));
        var root = MerkleTree.Update(pages, 0, leaves);
        pages.BeginUpdate();

        Assert.Equal(root, MerkleTree.Update(pages, 0, leaves));
        Assert.Equal(root, MerkleTree.Update(pages, 0, Changes(Enumerable.Range(5000, 3000).Select(key => (Key(key), Array.Empty<byte>())))));
        Assert.Equal(0, pages.Writes);
    }

    [Fact]
    public void Trees_in_one_store_are_apart()
    {
        var pages = new MemoryPages();
        var first = MerkleTree.Update(pages, 0, Changes([(Key(1), Value), (Key(2), Value)]));
        pages.BeginUpdate();
        MerkleTree.Update(pages, 65535, Changes([(Key(1), Value), (Key(3), Value)]));
        pages.BeginUpdate();

        Assert.Equal(first, MerkleTree.Update(pages, 0, default));
        Assert.Throws<OverflowException>(() => MerkleTree.Update(pages, 65536, default));
    }

    [Fact]
    public void Paths_that_agree_for_long_need_no_more_than_their_pages()
    {
        var leaves = Enumerable.Range(0, 5).Select(index =>
        {
            MerkleLeaf leaf = default;
            leaf.Path[31] = (byte)(index * 3);
            leaf.Hash[0] = (byte)(index + 1);
            return leaf;
        }).ToArray();
        var pages = new MemoryPages();

        var root = MerkleTree.Update(pages, 0, leaves);
        pages.BeginUpdate();
        var deletions = leaves.Select(leaf => new MerkleLeaf { Path = leaf.Path }).ToArray();
        Assert.Equal(root, MerkleTree.Update(pages, 0, default));
        Assert.Equal(leaves[4].Hash.ToFingerprint(), MerkleTree.Update(pages, 0, deletions.AsMemory(0, 4)));
        Assert.Single(pages.Pages);
        pages.BeginUpdate();
        Assert.True(MerkleTree.Update(pages, 0, deletions.AsMemory(4)).IsDefault);
        Assert.Empty(pages.Pages);
    }

    [Fact]
    public void Changes_out_of_order_are_refused()
    {
        var leaves = Changes([(Key(1), Value), (Key(2), Value)]);

        Assert.Throws<ArgumentException>(() => MerkleTree.Update(new MemoryPages(), 0, new[] { leaves[1], leaves[0] }));
        Assert.Throws<ArgumentException>(() => MerkleTree.Update(new MemoryPages(), 0, new[] { leaves[0], leaves[0] }));
    }

    [Theory]
    [InlineData(200, 1)]
    [InlineData(3000, 4)]
    public void Damaged_and_missing_pages_are_found(int keys, int threads)
    {
        var random = new Random(9);
        var leaves = Changes(Enumerable.Range(0, keys).Select(key => (Key(key), Value)));
        var pages = new MemoryPages();
        MerkleTree.Update(pages, 0, leaves);
        var changes = Changes(Enumerable.Range(0, keys).Select(key => (Key(key), new byte[] { 2 })));
        foreach (var (name, bytes) in pages.Pages.Where(_ => random.Next(20) == 0).ToArray())
        {
            byte[][] damaged = [[], [1], bytes[..^1], [.. bytes, 0], [2, .. bytes[1..]], new byte[5000], [1, (byte)(bytes[1] ^ 5), .. bytes[2..]]];
            foreach (var wrong in damaged)
            {
                var copy = pages.Copy();
                copy.Damage(name, wrong);
                AssertDamaged(copy, changes, threads);
            }

            if (name.Length > 4)
            {
                var copy = pages.Copy();
                copy.Remove(name);
                AssertDamaged(copy, changes, threads);
            }
        }
    }

    private static void AssertDamaged(MemoryPages pages, MerkleLeaf[] changes, int threads)
    {
        var exception = Assert.Throws<IndexerException>(() => MerkleTree.Update(pages, 0, changes, threads));
        Assert.Equal(IndexerErrorKind.Damaged, exception.Kind);
    }

    private static byte[] Key(int number)
    {
        var key = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(key, number);
        return key;
    }

    private static MerkleLeaf[] Changes(IEnumerable<(byte[] Key, byte[] Value)> writes)
    {
        var changes = writes.Select(write => MerkleLeaf.Of(write.Key, write.Value)).ToArray();
        Array.Sort(changes);
        return changes;
    }
}
