using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Redis.Protocol;
using Larder.Cache.Redis.Records;
using Larder.Cache.Redis.Streams;
using Larder.Cache.Remote;

namespace Larder.Cache.Redis;

// Reading. Records and whole chunks are checked against their checksums here, and the payload against its digest by
// whoever reads it to the end. What is damaged is removed, so that the next put repairs it.
public sealed partial class RedisRemoteStore
{
    /// <inheritdoc/>
    /// <remarks>
    /// A short payload costs one request, whatever part of it is wanted. Of a long one, only the chunks that hold the
    /// part are read, and of the first and last only what is wanted.
    /// </remarks>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<RemoteArtifact?> GetAsync(ArtifactKey key, ByteRange? range, CancellationToken cancellationToken)
    {
        if (range is { } wanted)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(wanted.Offset, nameof(range));
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted.Length, nameof(range));
        }

        var reply = await SendGetAsync(key, cancellationToken).ConfigureAwait(false);
        if (reply.Type == RespType.Null)
        {
            return null;
        }

        CheckRecord(key, reply);
        if (RedisRecord.Decode(key, reply.Bytes) is not { } record)
        {
            var head = reply.Bytes[..(int)Math.Min(reply.Number, RecordHead.Size)].ToArray();
            reply.Return();
            await ForgetAsync(key, head, cancellationToken).ConfigureAwait(false);
            throw Damaged(key, "what is stored under its key is not its record");
        }

        var part = range ?? new ByteRange(0, record.Metadata.Length);
        if (part.End > record.Metadata.Length || record.Metadata.Length > _options.MaxPayloadBytes)
        {
            reply.Return();
            throw new CacheException(
                CacheErrorKind.Remote,
                part.End > record.Metadata.Length
                    ? $"{key} has {record.Metadata.Length} bytes; there is no part that ends at {part.End}"
                    : $"{key} has {record.Metadata.Length} bytes, more than MaxPayloadBytes");
        }

        if (!record.Head.IsChunked)
        {
            var content = new RentedStream(reply.Buffer!, record.TailOffset + (int)part.Offset, (int)part.Length); // Decoded from it.
            return new RemoteArtifact(record.Metadata, part, content);
        }

        var checksums = record.ChecksumsIn(reply.Bytes);
        reply.Return();
        var chunks = new ChunkStream(this, key, record.Head, checksums, part, _options.ChunksInFlight);
        try
        {
            var state = chunks.Take(await chunks.WaitNextAsync(cancellationToken).ConfigureAwait(false));
            if (state == ChunkState.Sound)
            {
                return new RemoteArtifact(record.Metadata, part, chunks);
            }

            await chunks.ForgetAsync(cancellationToken).ConfigureAwait(false);
            if (state == ChunkState.Damaged)
            {
                throw DamagedChunk(key);
            }
        }
        catch
        {
            await chunks.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        await chunks.DisposeAsync().ConfigureAwait(false);
        return null; // A chunk that is gone makes the artifact absent.
    }

    /// <summary>Asks for a chunk, or a part of it, straight into <paramref name="destination"/>.</summary>
    /// <returns>The answer, to be given to <see cref="CountOf"/>.</returns>
    internal ValueTask<RespReply> ReadChunkAsync(
        ArtifactKey key, RecordHead head, int index, ByteRange? part, Memory<byte> destination, CancellationToken cancellationToken)
    {
        Span<byte> name = stackalloc byte[RecordKeys.MaxBytes];
        name = name[.._keys.WriteChunk(key, head.Generation, index, name)];
        var command = part is { } range
            ? new RespCommand("GETRANGE"u8, 3).Add(name).Add(range.Offset).Add(range.End - 1)
            : new RespCommand("GET"u8, 1).Add(name);
        return _client.SendAsync(RespOperation.ForPlace(command, destination), name, isBulk: true, cancellationToken);
    }

    internal static CacheException DamagedChunk(ArtifactKey key) => Damaged(key, "a chunk is damaged");

    /// <summary>How many bytes of a chunk came: 0 when the chunk is gone, -1 when it is longer than it should be.</summary>
    internal int CountOf(in RespReply reply) => reply.Type switch
    {
        RespType.Error => throw Answered(reply.Text!), // An error always has a line.
        RespType.Bulk => reply.IsTooLong ? -1 : (int)reply.Number,
        _ => 0,
    };

    /// <summary>
    /// Removes the record that begins with <paramref name="head"/>, unless another has taken its place, and its chunks.
    /// Failing at that is no failure of the read that found it wanting.
    /// </summary>
    internal async ValueTask ForgetAsync(ArtifactKey key, byte[] head, CancellationToken cancellationToken)
    {
        try
        {
            if (head.Length == RecordHead.Size
                && await RemoveIfSameAsync(key, head, cancellationToken).ConfigureAwait(false)
                && RecordHead.Decode(head) is { IsChunked: true } sound)
            {
                await DropChunksAsync(key, sound.Generation.ToArray(), sound.ChunkCount).ConfigureAwait(false);
            }
        }
        catch (CacheException)
        {
            // Seen again by whoever reads it next.
        }
    }

    private ValueTask<RespReply> SendGetAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        Span<byte> name = stackalloc byte[RecordKeys.MaxBytes];
        name = name[.._keys.Write(key, name)];
        var operation = RespOperation.ForRented(new RespCommand("GET"u8, 1).Add(name), RedisRecord.MaxBytes);
        return _client.SendAsync(operation, name, isBulk: false, cancellationToken);
    }

    private void CheckRecord(ArtifactKey key, in RespReply reply)
    {
        if (reply.Type == RespType.Error)
        {
            throw RedisWords.IsWrongType(reply.Text!) ? Damaged(key, "its key holds something else") : Answered(reply.Text!);
        }

        if (reply.Type != RespType.Bulk || reply.IsTooLong)
        {
            throw Damaged(key, reply.IsTooLong ? $"a value of {reply.Number} bytes is no record" : "the answer is no value");
        }
    }
}
