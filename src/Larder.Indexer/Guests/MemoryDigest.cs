using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Wasm;

namespace Larder.Indexer.Guests;

/// <summary>
/// The digest of a guest's memory: SHA-256 over the number of pages (8 bytes, little endian) and the SHA-256 of every page
/// in order. Pages of zeros, most of a large memory, have one digest that is known; where the kernel tells that nobody touched
/// a page, it is not even looked at.
/// </summary>
internal static class MemoryDigest
{
    // Below this a look costs less than asking.
    private const ulong SmallestAskedBytes = 4UL << 20;

    private static readonly byte[] OfZeros = SHA256.HashData(new byte[MemoryProfile.PageBytes]);

    /// <summary>The digest of what a memory holds now.</summary>
    public static Fingerprint Of(WasmMemory memory)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> piece = stackalloc byte[SHA256.HashSizeInBytes];
        var pages = memory.Pages;
        BinaryPrimitives.WriteUInt64LittleEndian(piece, pages);
        digest.AppendData(piece[..sizeof(ulong)]);
        var touched = Touched(memory);
        for (var page = 0UL; page < pages; page++)
        {
            var bytes = memory.Span(page * MemoryProfile.PageBytes, MemoryProfile.PageBytes);
            if (touched?.Contains(page) == false || !bytes.ContainsAnyExcept((byte)0))
            {
                digest.AppendData(OfZeros);
                continue;
            }

            SHA256.HashData(bytes, piece);
            digest.AppendData(piece);
        }

        return Fingerprint.FromHash(digest);
    }

    // Pages that may hold more than zeros; null where that is not known.
    private static HashSet<ulong>? Touched(WasmMemory memory)
    {
        var found = new List<int>();
        if (memory.ByteLength < SmallestAskedBytes || !memory.Region.TryListTouched(found))
        {
            return null;
        }

        var touched = new HashSet<ulong>();
        foreach (var page in found)
        {
            touched.Add((ulong)page * (ulong)Environment.SystemPageSize / MemoryProfile.PageBytes);
        }

        return touched;
    }
}
