using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Indexer;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>Proofs out of a store, at every height and for every key, against the roots in its records.</summary>
public sealed class StateProofTests
{
    [Fact]
    public void Proofs_hold_at_their_height_and_at_no_other()
    {
        var random = new Random(4);
        using var store = IndexStore.InMemory(new IndexStoreOptions { Prefixes = [new KeyPrefix("even", new byte[] { 0 })] });
        var states = new List<Dictionary<int, byte[]>> { new() };
        for (uint height = 0; height < 6; height++)
        {
            var writes = Enumerable.Range(0, 60).Select(_ => (Key: random.Next(150), Value: random.Next(3) == 0 ? [] : BitConverter.GetBytes(random.Next()))).ToArray();
            var state = new Dictionary<int, byte[]>(states[^1]);
            foreach (var (key, value) in writes)
            {
                state[key] = value;
            }

            states.Add(state);
            store.Commit(new BlockCommit
            {
                Height = height,
                Hash = Hash(height + 1),
                PreviousHash = Hash(height),
                Writes = [.. writes.Select(write => new StateWrite(Key(write.Key), write.Value))],
                Run = new BlockRun(Fingerprint.OfNothing, 1, 1, default),
            });
        }

        for (uint height = 0; height < 6; height++)
        {
            var record = store.Block(height)!;
            for (var number = 0; number < 170; number++)
            {
                var value = states[(int)height + 1].GetValueOrDefault(number) ?? [];
                var proof = store.Prove(height, Key(number));

                Assert.True(proof.Verify(record.Root, Key(number), value));
                Assert.False(proof.Verify(record.Root, Key(number), [.. value, 1]));
                Assert.False(proof.Verify(store.Block((height + 1) % 6)!.Root, Key(number), value));
                if (number % 2 == 0)
                {
                    Assert.True(store.Prove(height, Key(number), "even").Verify(record.PrefixRoots[0], Key(number), value));
                }
            }
        }

        Assert.Equal(IndexerErrorKind.NoSuchHeight, Assert.Throws<IndexerException>(() => store.Prove(6, Key(1))).Kind);
        Assert.Equal(IndexerErrorKind.Configuration, Assert.Throws<IndexerException>(() => store.Prove(1, Key(2), "odd")).Kind);
        Assert.Equal(IndexerErrorKind.Configuration, Assert.Throws<IndexerException>(() => store.Prove(1, Key(1), "even")).Kind);
    }

    private static byte[] Key(int number) => [(byte)(number % 2), .. BitConverter.GetBytes(number)];

    private static BlockHash Hash(uint height) => new(SHA256.HashData(BitConverter.GetBytes(height)));
}
