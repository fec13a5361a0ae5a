using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>Forks of more keys than the original could take back.</summary>
public sealed class LargeReorganisationTests
{
    private const int Keys = 120_000;
    private const int BlockKeys = 30_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fork_of_more_than_a_hundred_thousand_keys_is_as_if_it_had_never_been(bool onDisk)
    {
        using var engine = new StoreEngine(onDisk);
        using var plain = new StoreEngine(onDisk: false);
        var options = TestBlocks.Options with { Durability = Durability.OnClose, SweptKeysPerCommit = 20_000 };
        using var forked = engine.Open(options);
        using var straight = plain.Open(options);

        // Twelve blocks; above the fourth a fork of four blocks writes, overwrites and deletes each of 120,000 keys, old and new.
        for (var height = 0U; height < 12; height++)
        {
            var commit = Block(straight, height, version: 0, first: (int)(height % 4) * (BlockKeys / 2), BlockKeys);
            straight.Commit(commit);
            forked.Commit(commit);
            if (height is 4 or 8)
            {
                for (var fork = 1U; fork <= 4; fork++)
                {
                    forked.Commit(Block(forked, height + fork, version: 1, first: (int)(fork - 1) * BlockKeys, BlockKeys));
                }

                forked.Rollback(height);
                Assert.Equal(straight.Tip!.Root, forked.Tip!.Root);
            }
        }

        AssertSame(straight, forked);
        forked.Sweep();
        AssertSame(straight, forked);
        Assert.Empty(forked.Verify().Problems);
        forked.Rollback(2);
        straight.Rollback(2);
        AssertSame(straight, forked);
    }

    private static void AssertSame(IndexStore expected, IndexStore actual)
    {
        Assert.Equal(expected.Tip!.Height, actual.Tip!.Height);
        for (var height = 0U; height <= expected.Tip.Height; height++)
        {
            var (one, two) = (expected.Block(height)!, actual.Block(height)!);
            Assert.Equal((one.Hash, one.Root, one.Writes), (two.Hash, two.Root, two.Writes));
            Assert.Equal<IEnumerable<Cache.Fingerprints.Fingerprint>>(one.PrefixRoots, two.PrefixRoots);
        }

        foreach (var height in (uint[])[0, expected.Tip.Height / 2, expected.Tip.Height])
        {
            using var other = actual.ScanPrefix(default, height).GetEnumerator();
            foreach (var entry in expected.ScanPrefix(default, height))
            {
                Assert.True(other.MoveNext());
                if (!entry.Key.Span.SequenceEqual(other.Current.Key.Span) || !entry.Value.Span.SequenceEqual(other.Current.Value.Span))
                {
                    Assert.Fail($"Height {height}: {Convert.ToHexString(entry.Key.Span)} and {Convert.ToHexString(other.Current.Key.Span)} differ.");
                }
            }

            Assert.False(other.MoveNext());
        }
    }

    // Each key is written twice; every seventh is deleted.
    private static BlockCommit Block(IndexStore store, uint height, int version, int first, int count)
    {
        var writes = new StateWrite[2 * count];
        for (var i = 0; i < writes.Length; i++)
        {
            var number = (first + (i % count)) % Keys;
            var deletes = i >= count && (number + height) % 7 == 0;
            writes[i] = new StateWrite(
                System.Text.Encoding.UTF8.GetBytes($"k/{number}"),
                deletes ? default : System.Text.Encoding.UTF8.GetBytes($"{height}.{version}.{i / count}.{number}"));
        }

        return new BlockCommit
        {
            Height = height,
            Hash = TestBlocks.HashOf((int)height + (1000 * version) + (int)(store.Tip?.Sequence ?? 0)),
            PreviousHash = store.Tip?.Hash ?? default,
            Writes = writes,
            Run = default,
        };
    }
}
