using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Integrity;
using Larder.Cache.Redis.Protocol;
using Larder.Cache.Redis.Records;

namespace Larder.Cache.Redis;

/// <summary>
/// Cuts a payload into chunks and sends them, a bounded number at a time, while its digest is computed. For one upload.
/// </summary>
internal sealed class ChunkUpload
{
    private readonly RedisRemoteStore _store;
    private readonly ArtifactKey _key;
    private readonly ArtifactMetadata _metadata;
    private readonly int _count;
    private readonly byte[] _checksums;
    private readonly Queue<(Task<RespReply> Reply, byte[] Chunk)> _sent = new();

    public ChunkUpload(RedisRemoteStore store, ArtifactKey key, ArtifactMetadata metadata)
    {
        _store = store;
        _key = key;
        _metadata = metadata;
        _count = (int)((metadata.Length + store.ChunkBytes - 1) / store.ChunkBytes);
        _checksums = new byte[_count * sizeof(uint)];
    }

    /// <summary>What the chunks are called by.</summary>
    public byte[] Generation { get; } = RecordHead.NewGeneration();

    /// <summary>Chunks that may be there.</summary>
    public int Begun { get; private set; }

    /// <summary>Their checksums, as they stand in the record.</summary>
    public ReadOnlySpan<byte> Checksums => _checksums;

    /// <summary>Sends all chunks. Anything but <see cref="PutOutcome.Stored"/> leaves some behind for the caller to drop.</summary>
    public async ValueTask<PutOutcome> SendAsync(Stream content, CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            return await SendAllAsync(content, giveUp.Token).ConfigureAwait(false);
        }
        finally
        {
            // Those that are still on their way end at once; their buffers are left to the collector.
            await giveUp.CancelAsync().ConfigureAwait(false);
            foreach (var (reply, _) in _sent)
            {
                await ((Task)reply).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async ValueTask<PutOutcome> SendAllAsync(Stream content, CancellationToken cancellationToken)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var life = _store.LifeOfChunks(_metadata.Length);
        for (; Begun < _count; Begun++)
        {
            if (_sent.Count == _store.ChunksInFlight && await EndOneAsync().ConfigureAwait(false) is not PutOutcome.Stored and var refusal)
            {
                return refusal;
            }

            var length = (int)Math.Min(_store.ChunkBytes, _metadata.Length - ((long)Begun * _store.ChunkBytes));
            var buffer = ArrayPool<byte>.Shared.Rent(length);
            var chunk = buffer.AsMemory(0, length);
            await RedisRemoteStore.ReadExactlyAsync(content, chunk, cancellationToken).ConfigureAwait(false);
            digest.AppendData(chunk.Span);
            BinaryPrimitives.WriteUInt32LittleEndian(_checksums.AsSpan(Begun * sizeof(uint)), Crc32C.Compute(chunk.Span));
            var reply = _store.WriteChunkAsync(_key, Generation, Begun, chunk, life, cancellationToken).AsTask();
            _sent.Enqueue((reply, buffer));
        }

        while (_sent.Count > 0)
        {
            if (await EndOneAsync().ConfigureAwait(false) is not PutOutcome.Stored and var refusal)
            {
                return refusal;
            }
        }

        return Fingerprint.FromHash(digest) == _metadata.Digest ? PutOutcome.Stored : PutOutcome.DigestMismatch;
    }

    private async ValueTask<PutOutcome> EndOneAsync()
    {
        var (pending, chunk) = _sent.Dequeue();
        var reply = await pending.ConfigureAwait(false);
        ArrayPool<byte>.Shared.Return(chunk);
        return _store.JudgeWrite(reply);
    }
}
