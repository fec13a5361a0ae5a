using System.Buffers.Binary;
using System.IO.Compression;

namespace Larder.Tests.Oci.Support;

/// <summary>The forms in which one uncompressed layer can be in a registry.</summary>
public static class BlobForms
{
    private const int MaxZstdBlock = 128 * 1024;

    public static byte[] Gzip(ReadOnlySpan<byte> content, CompressionLevel level = CompressionLevel.Fastest)
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, level, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return compressed.ToArray();
    }

    /// <summary>Several gzip members one behind the other.</summary>
    public static byte[] GzipMembers(ReadOnlySpan<byte> content, int memberBytes)
    {
        var all = new MemoryStream();
        for (var offset = 0; offset < content.Length || offset == 0; offset += memberBytes)
        {
            all.Write(Gzip(content[offset..Math.Min(content.Length, offset + memberBytes)]));
        }

        return all.ToArray();
    }

    /// <summary>A valid zstd frame that stores instead of compressing: raw blocks, and runs where a block is of one byte.</summary>
    public static byte[] ZstdStored(ReadOnlySpan<byte> content)
    {
        var frame = new MemoryStream();
        Span<byte> word = stackalloc byte[8];

        // Magic; a descriptor with an eight-byte content size and a window of its own; a window of 1 MiB (exponent 10).
        frame.Write([0x28, 0xB5, 0x2F, 0xFD, 0xC0, 10 << 3]);
        BinaryPrimitives.WriteInt64LittleEndian(word, content.Length);
        frame.Write(word);
        do
        {
            var block = content[..Math.Min(content.Length, MaxZstdBlock)];
            content = content[block.Length..];
            var isRun = block.Length > 1 && !block.ContainsAnyExcept(block[0]);
            BinaryPrimitives.WriteInt32LittleEndian(word, (block.Length << 3) | (isRun ? 2 : 0) | (content.IsEmpty ? 1 : 0));
            frame.Write(word[..3]);
            frame.Write(isRun ? block[..1] : block);
        }
        while (!content.IsEmpty);

        return frame.ToArray();
    }

    /// <summary>Several zstd frames with skippable ones between them, as zstd:chunked layers have.</summary>
    public static byte[] ZstdFrames(ReadOnlySpan<byte> content, int frameBytes)
    {
        var all = new MemoryStream();
        for (var offset = 0; offset < content.Length || offset == 0; offset += frameBytes)
        {
            all.Write(ZstdStored(content[offset..Math.Min(content.Length, offset + frameBytes)]));
            all.Write([0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
        }

        return all.ToArray();
    }
}
