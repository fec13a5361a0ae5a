using System.Buffers;
using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Redis.Protocol;
using Larder.Cache.Redis.Records;

namespace Larder.Cache.Redis;

// Writing. Of several who put the same artifact at a time, one stores it and the others are told that it is there. Other
// bytes under the same key, and what is damaged, are replaced.
public sealed partial class RedisRemoteStore
{
    /// <inheritdoc/>
    public async ValueTask<PutOutcome> PutAsync(
        ArtifactKey key, ArtifactMetadata metadata, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(content);
        if (metadata.Length > _options.MaxPayloadBytes)
        {
            return PutOutcome.TooLarge;
        }

        return metadata.Length <= _options.InlineBytes
            ? await PutInlineAsync(key, metadata, content, cancellationToken).ConfigureAwait(false)
            : await PutChunkedAsync(key, metadata, content, cancellationToken).ConfigureAwait(false);
    }

    private static PutOutcome? RefusalOf(string error) => RedisWords.Code(error) switch
    {
        "OOM" => PutOutcome.NoSpace,
        "NOPERM" or "READONLY" => PutOutcome.Disabled,
        _ => null,
    };

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<PutOutcome> PutInlineAsync(
        ArtifactKey key, ArtifactMetadata metadata, Stream content, CancellationToken cancellationToken)
    {
        var front = RedisRecord.MeasureFront(key, metadata);
        var buffer = ArrayPool<byte>.Shared.Rent(front + (int)metadata.Length);
        var record = buffer.AsMemory(0, front + (int)metadata.Length);
        var payload = record[front..];
        await ReadExactlyAsync(content, payload, cancellationToken).ConfigureAwait(false);
        if (Fingerprint.OfContent(payload.Span) != metadata.Digest)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return PutOutcome.DigestMismatch;
        }

        RedisRecord.EncodeFront(key, metadata, chunkBytes: 0, RecordHead.NewGeneration(), record.Span[..front], payload.Span);
        var outcome = await CommitAsync(key, metadata, record, cancellationToken).ConfigureAwait(false);

        // After a failure it may still be on its way, and is left to the collector.
        ArrayPool<byte>.Shared.Return(buffer);
        return outcome;
    }

    private async ValueTask<PutOutcome> PutChunkedAsync(
        ArtifactKey key, ArtifactMetadata metadata, Stream content, CancellationToken cancellationToken)
    {
        if (await HoldsAsync(key, metadata, cancellationToken).ConfigureAwait(false))
        {
            return PutOutcome.AlreadyPresent;
        }

        var upload = new ChunkUpload(this, key, metadata);
        var outcome = PutOutcome.Unavailable;
        try
        {
            outcome = await upload.SendAsync(content, cancellationToken).ConfigureAwait(false);
            if (outcome == PutOutcome.Stored)
            {
                var front = RedisRecord.MeasureFront(key, metadata);
                var record = new byte[front + upload.Checksums.Length];
                upload.Checksums.CopyTo(record.AsSpan(front));
                RedisRecord.EncodeFront(key, metadata, _options.ChunkBytes, upload.Generation, record.AsSpan(0, front), upload.Checksums);
                outcome = await CommitAsync(key, metadata, record, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (outcome != PutOutcome.Stored)
            {
                await DropChunksAsync(key, upload.Generation, upload.Begun).ConfigureAwait(false);
            }
        }

        if (outcome == PutOutcome.Stored)
        {
            await KeepChunksAsync(key, upload.Generation, upload.Begun, cancellationToken).ConfigureAwait(false);
        }

        return outcome;
    }

    /// <summary>Sends one chunk, which expires by itself unless its record comes to be.</summary>
    internal ValueTask<RespReply> WriteChunkAsync(
        ArtifactKey key, byte[] generation, int index, ReadOnlyMemory<byte> chunk, TimeSpan life, CancellationToken cancellationToken)
    {
        Span<byte> name = stackalloc byte[RecordKeys.MaxBytes];
        name = name[.._keys.WriteChunk(key, generation, index, name)];
        var command = new RespCommand("SET"u8, 4).Add(name).AddPayload(chunk).Add("PX"u8).Add((long)life.TotalMilliseconds);
        return _client.SendAsync(new RespOperation(command, RespWant.Short), name, isBulk: true, cancellationToken);
    }

    /// <summary>What a refused write of a chunk means; throws for anything that is no refusal.</summary>
    internal PutOutcome JudgeWrite(in RespReply reply) => reply.Type != RespType.Error
        ? PutOutcome.Stored
        : RefusalOf(reply.Text!) ?? throw Answered(reply.Text!); // An error always has a line.

    /// <summary>Length of the chunks of an upload.</summary>
    internal int ChunkBytes => _options.ChunkBytes;

    /// <summary>Chunks of an upload on their way at a time.</summary>
    internal int ChunksInFlight => _options.ChunksInFlight;

    /// <summary>How long a chunk may wait for its record: as long as the slowest upload that is waited for, and an hour.</summary>
    internal TimeSpan LifeOfChunks(long payloadBytes) =>
        TimeSpan.FromHours(1) + TimeSpan.FromSeconds((double)payloadBytes / _options.MinBytesPerSecond);

    /// <summary>Fills a buffer from the content, whose failures are not the store's.</summary>
    internal static async ValueTask ReadExactlyAsync(Stream content, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            if (await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false)
                < buffer.Length)
            {
                throw new CacheException(CacheErrorKind.Damaged, "the content ends before its length");
            }
        }
        catch (IOException exception)
        {
            throw new CacheException(CacheErrorKind.Io, $"the content cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Makes a record visible, unless the same artifact is there by now.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<PutOutcome> CommitAsync(
        ArtifactKey key, ArtifactMetadata metadata, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        var reply = await SendSetAsync(key, record, ifAbsent: true, cancellationToken).ConfigureAwait(false);
        if (reply.Type != RespType.Null)
        {
            return JudgeWrite(reply);
        }

        if (await HoldsAsync(key, metadata, cancellationToken).ConfigureAwait(false))
        {
            return PutOutcome.AlreadyPresent;
        }

        var old = await ReadHeadAsync(key, cancellationToken).ConfigureAwait(false);
        var outcome = JudgeWrite(await SendSetAsync(key, record, ifAbsent: false, cancellationToken).ConfigureAwait(false));
        if (outcome == PutOutcome.Stored && old is { IsChunked: true })
        {
            await DropChunksAsync(key, old.Generation.ToArray(), old.ChunkCount).ConfigureAwait(false);
        }

        return outcome;
    }

    /// <summary>Whether the same artifact is there, sound as far as can be seen without reading its chunks.</summary>
    private async ValueTask<bool> HoldsAsync(ArtifactKey key, ArtifactMetadata metadata, CancellationToken cancellationToken)
    {
        var reply = await SendGetAsync(key, cancellationToken).ConfigureAwait(false);
        if (reply.Type == RespType.Error && !RedisWords.IsWrongType(reply.Text!))
        {
            throw Answered(reply.Text!);
        }

        var record = RedisRecord.Decode(key, reply.Bytes);
        reply.Return();
        if (record is null || record.Metadata.Digest != metadata.Digest || record.Metadata.Length != metadata.Length)
        {
            return false;
        }

        var generation = record.Head.Generation.ToArray();
        return await ForChunksAsync(
            record.Head.ChunkCount,
            index => SendChunkCommandAsync("EXISTS"u8, key, generation, index, null, cancellationToken)).ConfigureAwait(false)
            == record.Head.ChunkCount;
    }

    /// <summary>
    /// Gives chunks the life of their record. It is stored by now: if this fails, it lives as long as they would have
    /// waited for it.
    /// </summary>
    private async ValueTask KeepChunksAsync(ArtifactKey key, byte[] generation, int count, CancellationToken cancellationToken)
    {
        const int Attempts = 2;
        var life = _options.TimeToLive + TimeSpan.FromMinutes(1);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            try
            {
                await ForChunksAsync(
                    count,
                    index => life is { } time
                        ? SendChunkCommandAsync("PEXPIRE"u8, key, generation, index, (long)time.TotalMilliseconds, cancellationToken)
                        : SendChunkCommandAsync("PERSIST"u8, key, generation, index, null, cancellationToken)).ConfigureAwait(false);
                return;
            }
            catch (CacheException)
            {
                // Once more, on another connection.
            }
        }
    }

    private ValueTask<RespReply> SendSetAsync(ArtifactKey key, ReadOnlyMemory<byte> record, bool ifAbsent, CancellationToken cancellationToken)
    {
        Span<byte> name = stackalloc byte[RecordKeys.MaxBytes];
        name = name[.._keys.Write(key, name)];
        var command = new RespCommand("SET"u8, 2 + (ifAbsent ? 1 : 0) + (_options.TimeToLive is null ? 0 : 2)).Add(name).AddPayload(record);
        if (ifAbsent)
        {
            command = command.Add("NX"u8);
        }

        if (_options.TimeToLive is { } life)
        {
            command = command.Add("PX"u8).Add((long)life.TotalMilliseconds);
        }

        var isBulk = record.Length > RedisRemoteStoreOptions.MinChunkBytes * 2;
        return _client.SendAsync(new RespOperation(command, RespWant.Short), name, isBulk, cancellationToken);
    }
}
