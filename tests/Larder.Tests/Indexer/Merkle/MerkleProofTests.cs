using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Indexer.Merkle;

namespace Larder.Tests.Indexer.Merkle;

/// <summary>Proofs of every key of trees of many sizes, and what must not pass for one.</summary>
public sealed class MerkleProofTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(17)]
    [InlineData(900)]
    public void Every_key_has_a_proof_of_its_value_and_every_other_one_of_having_none(int keys)
    {
        var (pages, root, state) = Tree(keys);

        for (var number = 0; number < keys + 200; number++)
        {
            var proof = Prove(pages, state, Key(number));
            byte[] value = number < keys ? Value(number) : [];

            Assert.True(proof.Verify(root, Key(number), value));
            Assert.False(proof.Verify(root, Key(number), number < keys ? [] : [1]));
            Assert.False(proof.Verify(root, Key(number), [1, 2, 3, 4, 5]));
            Assert.False(proof.Verify(Fingerprint.OfNothing, Key(number), value));
        }
    }

    [Fact]
    public void A_proof_that_was_changed_anywhere_proves_nothing()
    {
        var (pages, root, state) = Tree(500);
        var random = new Random(3);
        for (var number = 0; number < 560; number++)
        {
            var proof = Prove(pages, state, Key(number));
            byte[] value = number < 500 ? Value(number) : [];
            var index = random.Next(proof.Siblings.Length);

            Assert.False((proof with { Siblings = proof.Siblings.SetItem(index, Fingerprint.OfContent([1])) }).Verify(root, Key(number), value));
            Assert.False((proof with { Siblings = proof.Siblings.RemoveAt(index) }).Verify(root, Key(number), value));
            Assert.False((proof with { Siblings = proof.Siblings.Insert(index, default) }).Verify(root, Key(number), value));
            if (number >= 500)
            {
                Assert.False((proof with { OtherKey = Key(number) }).Verify(root, Key(number), value));
                Assert.False((proof with { OtherKey = Key(number + 1), OtherValueDigest = Fingerprint.OfContent([1]) }).Verify(root, Key(number), value));
            }
        }
    }

    [Fact]
    public void The_proof_of_another_leaf_does_not_show_that_a_key_is_missing()
    {
        var (pages, root, state) = Tree(500);
        for (var number = 0; number < 100; number++)
        {
            var other = Prove(pages, state, Key(number + 100)) with { OtherKey = Key(number + 100), OtherValueDigest = Fingerprint.OfContent(Value(number + 100)) };

            Assert.False(other.Verify(root, Key(number), []));
        }
    }

    [Fact]
    public void Proofs_that_are_no_proofs_do_not_throw()
    {
        Assert.False(new MerkleProof { Siblings = default }.Verify(default, [1], [1]));
        Assert.False(new MerkleProof { Siblings = [.. new Fingerprint[257]] }.Verify(default, [1], []));
        Assert.False(new MerkleProof { Siblings = [.. new Fingerprint[256]] }.Verify(default, [1], [1]));
        Assert.True(new MerkleProof { Siblings = [] }.Verify(default, [1], []));
    }

    private static MerkleProof Prove(MemoryPages pages, Dictionary<Fingerprint, byte[]> state, byte[] key)
    {
        pages.BeginUpdate();
        return MerkleTree.Prove(pages, 0, key, path => (state[path], Fingerprint.OfContent(Value(BitConverter.ToInt32(state[path])))));
    }

    private static (MemoryPages Pages, Fingerprint Root, Dictionary<Fingerprint, byte[]> KeysByPath) Tree(int keys)
    {
        var pages = new MemoryPages();
        var changes = Enumerable.Range(0, keys).Select(number => MerkleLeaf.Of(Key(number), Value(number))).ToArray();
        Array.Sort(changes);
        return (pages, MerkleTree.Update(pages, 0, changes), Enumerable.Range(0, keys).ToDictionary(number => Fingerprint.OfContent(Key(number)), Key));
    }

    private static byte[] Key(int number) => BitConverter.GetBytes(number);

    private static byte[] Value(int number) => SHA256.HashData(BitConverter.GetBytes(number));
}
