using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Wasm;

namespace Larder.Indexer.Guests;

/// <summary>
/// The digest of a guest's memory: SHA-256 over the number of pages (8 bytes, little endian) and the SHA-256 of every page
/// in order. Pages of zeros, most of a large memory, have one digest that is known, and cost a look.
/// </summary>
internal static class MemoryDigest
{
    private static readonly byte[] OfZeros = SHA256.HashData(new byte[MemoryProfile.PageBytes]);

    /// <summary>The digest of what a memory holds now.</summary>
    public static Fingerprint Of(WasmMemory memory)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> piece = stackalloc byte[SHA256.HashSizeInBytes];
        var pages = memory.Pages;
        BinaryPrimitives.WriteUInt64LittleEndian(piece, pages);
        digest.AppendData(piece[..sizeof(ulong)]);
        for (var page = 0UL; page < pages; page++)
        {
            var bytes = memory.Span(page * MemoryProfile.PageBytes, MemoryProfile.PageBytes);
            if (!bytes.ContainsAnyExcept((byte)0))
            {
                digest.AppendData(OfZeros);
                continue;
            }

            SHA256.HashData(bytes, piece);
            digest.AppendData(piece);
        }

        return Fingerprint.FromHash(digest);
    }
}
