using System.Buffers.Binary;
using Larder.Cache.Artifacts;
using Larder.Cache.Integrity;
using Larder.Cache.Remote;

namespace Larder.Cache.Redis.Records;

/// <summary>What is kept under an artifact's key, found to be whole and that artifact's.</summary>
/// <param name="Head">Its first bytes.</param>
/// <param name="Metadata">Describes the artifact.</param>
internal sealed record RedisRecord(RecordHead Head, ArtifactMetadata Metadata)
{
    /// <summary>Longest record: longer values are none.</summary>
    public const int MaxBytes = RecordHead.Size + RemoteFrame.MaxHeaderBytes + MaxTailBytes;

    private const int MaxTailBytes = RedisRemoteStoreOptions.MaxChunks * sizeof(uint);

    /// <summary>Where the payload, or the checksums of its chunks, begins.</summary>
    public int TailOffset => RecordHead.Size + Head.FrameBytes;

    /// <summary>Bytes of a record in front of its tail.</summary>
    public static int MeasureFront(ArtifactKey key, ArtifactMetadata metadata) =>
        RecordHead.Size + RemoteFrame.MeasureHeader(key, metadata);

    /// <summary>Encodes what stands in front of <paramref name="tail"/>, which is in its place already.</summary>
    /// <param name="key">Names the artifact.</param>
    /// <param name="metadata">Describes it.</param>
    /// <param name="chunkBytes">Length of its chunks; 0 when the tail is the payload.</param>
    /// <param name="generation">What the chunks are called by.</param>
    /// <param name="front">As many bytes as <see cref="MeasureFront"/> says.</param>
    /// <param name="tail">The payload, or the checksums of its chunks.</param>
    public static void EncodeFront(
        ArtifactKey key,
        ArtifactMetadata metadata,
        int chunkBytes,
        ReadOnlySpan<byte> generation,
        Span<byte> front,
        ReadOnlySpan<byte> tail)
    {
        RecordHead.Encode(front.Length - RecordHead.Size, metadata.Length, chunkBytes, generation, tail, front);
        RemoteFrame.Encode(key, metadata, front[RecordHead.Size..]);
    }

    /// <summary>Reads a record; null when it is damaged or that of another artifact.</summary>
    public static RedisRecord? Decode(ArtifactKey key, ReadOnlySpan<byte> record)
    {
        if (RecordHead.Decode(record) is not { } head
            || record.Length != RecordHead.Size + head.FrameBytes + head.TailBytes
            || Crc32C.Compute(record[(RecordHead.Size + head.FrameBytes)..]) != head.TailChecksum
            || RemoteFrame.Decode(key, record.Slice(RecordHead.Size, head.FrameBytes)) is not { } metadata
            || metadata.Length != head.PayloadBytes)
        {
            return null;
        }

        return new RedisRecord(head, metadata);
    }

    /// <summary>The checksums of the chunks, out of the record that this was read from.</summary>
    public uint[] ChecksumsIn(ReadOnlySpan<byte> record)
    {
        var checksums = new uint[Head.ChunkCount];
        for (var i = 0; i < checksums.Length; i++)
        {
            checksums[i] = BinaryPrimitives.ReadUInt32LittleEndian(record[(TailOffset + (i * sizeof(uint)))..]);
        }

        return checksums;
    }
}
