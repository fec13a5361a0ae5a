using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Integrity;
using Larder.Cache.Remote;

namespace Larder.Cache.Redis.Records;

/// <summary>
/// The first bytes of what is kept under an artifact's key (docs/FORMATS.md, "Redis record"). Behind them stand the
/// frame with the metadata, and then either the payload or the checksums of its chunks. Immutable.
/// </summary>
internal sealed class RecordHead
{
    /// <summary>Bytes of the encoded form.</summary>
    public const int Size = 48;

    private const int GenerationBytes = 16;
    private const byte Inline = 1;
    private const byte Chunked = 2;

    private RecordHead(byte[] encoded) => Encoded = encoded;

    /// <summary>The encoded form. It names its writer's attempt, so that no two puts have the same.</summary>
    public byte[] Encoded { get; }

    /// <summary>Bytes of the frame.</summary>
    public int FrameBytes => BinaryPrimitives.ReadInt32LittleEndian(Encoded.AsSpan(8));

    /// <summary>Length of every chunk but the last; 0 when the payload stands in the record itself.</summary>
    public int ChunkBytes => BinaryPrimitives.ReadInt32LittleEndian(Encoded.AsSpan(12));

    /// <summary>A random name that the chunks of this record have in common.</summary>
    public ReadOnlySpan<byte> Generation => Encoded.AsSpan(16, GenerationBytes);

    /// <summary>Length of the payload.</summary>
    public long PayloadBytes => BinaryPrimitives.ReadInt64LittleEndian(Encoded.AsSpan(32));

    /// <summary>CRC-32C of what stands behind the frame.</summary>
    public uint TailChecksum => BinaryPrimitives.ReadUInt32LittleEndian(Encoded.AsSpan(40));

    /// <summary>Whether the payload is kept in chunks.</summary>
    public bool IsChunked => Encoded[5] == Chunked;

    /// <summary>How many chunks there are; 0 when the payload stands in the record itself.</summary>
    public int ChunkCount => IsChunked ? (int)((PayloadBytes + ChunkBytes - 1) / ChunkBytes) : 0;

    /// <summary>Bytes behind the frame.</summary>
    public long TailBytes => IsChunked ? (long)ChunkCount * sizeof(uint) : PayloadBytes;

    private static ReadOnlySpan<byte> Magic => "LRDK\x01"u8;

    /// <summary>A new generation.</summary>
    public static byte[] NewGeneration() => RandomNumberGenerator.GetBytes(GenerationBytes);

    /// <summary>Writes the head of a record.</summary>
    /// <param name="frameBytes">Bytes of the frame.</param>
    /// <param name="payloadBytes">Length of the payload.</param>
    /// <param name="chunkBytes">Length of its chunks; 0 when the payload stands in the record itself.</param>
    /// <param name="generation">What <see cref="NewGeneration"/> gave.</param>
    /// <param name="tail">What stands behind the frame.</param>
    /// <param name="destination">Begins with the head afterwards.</param>
    public static void Encode(
        int frameBytes, long payloadBytes, int chunkBytes, ReadOnlySpan<byte> generation, ReadOnlySpan<byte> tail, Span<byte> destination)
    {
        var head = destination[..Size];
        head.Clear();
        Magic.CopyTo(head);
        head[5] = chunkBytes == 0 ? Inline : Chunked;
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], frameBytes);
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], chunkBytes);
        generation.CopyTo(head[16..]);
        BinaryPrimitives.WriteInt64LittleEndian(head[32..], payloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(head[40..], Crc32C.Compute(tail));
        BinaryPrimitives.WriteUInt32LittleEndian(head[44..], Crc32C.Compute(head[..44]));
    }

    /// <summary>Reads the head of a record; null when it is none, or damaged.</summary>
    public static RecordHead? Decode(ReadOnlySpan<byte> record)
    {
        if (record.Length < Size
            || !record.StartsWith(Magic)
            || Crc32C.Compute(record[..44]) != BinaryPrimitives.ReadUInt32LittleEndian(record[44..]))
        {
            return null;
        }

        var head = new RecordHead(record[..Size].ToArray());
        var isSound = head.FrameBytes is > 0 and <= RemoteFrame.MaxHeaderBytes
            && head.PayloadBytes >= 0
            && (head.IsChunked
                ? head.ChunkBytes is >= RedisRemoteStoreOptions.MinChunkBytes and <= RedisRemoteStoreOptions.MaxChunkBytes
                    && head.PayloadBytes > 0
                    && (head.PayloadBytes - 1) / head.ChunkBytes < RedisRemoteStoreOptions.MaxChunks
                : head.ChunkBytes == 0 && head.PayloadBytes <= RedisRemoteStoreOptions.MaxInlineBytes && head.Encoded[5] == Inline);
        return isSound ? head : null;
    }
}
