using System.Security.Cryptography;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Indexer.Merkle;

/// <summary>The root by its definition, from all keys and values, as slowly and plainly as can be.</summary>
internal static class NaiveTree
{
    internal static Fingerprint Root(IEnumerable<KeyValuePair<byte[], byte[]>> state)
    {
        var leaves = state
            .Where(pair => pair.Value.Length > 0)
            .Select(pair => (path: SHA256.HashData(pair.Key), hash: SHA256.HashData([1, .. pair.Key, .. SHA256.HashData(pair.Value)])))
            .ToArray();
        return new Fingerprint(Subtree(leaves, 0));
    }

    private static byte[] Subtree((byte[] Path, byte[] Hash)[] leaves, int bit) =>
        leaves.Length switch
        {
            0 => new byte[32],
            1 => leaves[0].Hash,
            _ => SHA256.HashData([0, .. Half(leaves, bit, 0), .. Half(leaves, bit, 1)]),
        };

    private static byte[] Half((byte[] Path, byte[] Hash)[] leaves, int bit, int side) =>
        Subtree([.. leaves.Where(leaf => ((leaf.Path[bit / 8] >> (7 - (bit % 8))) & 1) == side)], bit + 1);
}
