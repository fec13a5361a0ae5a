using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Fingerprints;

namespace Larder.Oci.Indexes;

/// <summary>What tells sets of extended attributes apart.</summary>
internal static class XattrSetEncoding
{
    /// <summary>The digest of a set that is ordered by name.</summary>
    /// <param name="set">The set.</param>
    /// <param name="bytes">What it takes.</param>
    public static Fingerprint Digest(LayerXattr[] set, out int bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> lengths = stackalloc byte[8];
        bytes = 0;
        foreach (var xattr in set)
        {
            BinaryPrimitives.WriteInt32LittleEndian(lengths, xattr.Name.Length);
            BinaryPrimitives.WriteInt32LittleEndian(lengths[4..], xattr.Value.Length);
            hash.AppendData(lengths);
            hash.AppendData(xattr.Name);
            hash.AppendData(xattr.Value);
            bytes += lengths.Length + xattr.Name.Length + xattr.Value.Length;
        }

        return Fingerprint.FromHash(hash);
    }
}
