using System.Runtime.CompilerServices;
using Larder.Cache.Artifacts;
using Larder.Cache.Redis.Clusters;
using Larder.Cache.Redis.Connections;
using Larder.Cache.Redis.Protocol;
using Larder.Cache.Redis.Records;
using Larder.Cache.Remote;

namespace Larder.Cache.Redis;

/// <summary>A remote store on Redis or a server of its kin (Valkey, Garnet), single or a cluster.</summary>
/// <remarks>
/// <para>
/// A short payload and its metadata are one value. A longer one is cut into chunks under keys of their own that only the
/// record names, and the record is written last: it is visible whole or not at all, and a reader never mixes what two
/// writers sent. Chunks expire by themselves until their record is there, so that a writer that dies leaves nothing.
/// A chunk that the server dropped makes the artifact absent.
/// </para>
/// <para>
/// One attempt a call; a <see cref="RemoteTier"/> repeats and verifies. Small commands have a connection of their own
/// beside those for chunks. Every call ends within the time limits of the options. Safe for use by many threads.
/// </para>
/// </remarks>
public sealed partial class RedisRemoteStore : IRemoteStore
{
    private readonly RedisRemoteStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly RedisClient _client;
    private readonly RecordKeys _keys;

    // Whether the server runs scripts; some of the kin do not.
    private bool _hasScripts = true;

    /// <summary>Opens the store. Nothing is sent yet.</summary>
    /// <param name="options">Where it is and how it is used.</param>
    /// <param name="timeProvider">The clock for all time limits; null for the system's.</param>
    /// <exception cref="CacheException">An option is out of range.</exception>
    public RedisRemoteStore(RedisRemoteStoreOptions options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _time = timeProvider ?? TimeProvider.System;
        _client = new RedisClient(options, _time);
        _keys = new RecordKeys(options.KeyPrefix);
        Name = Redaction.Name(options.Address);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public async ValueTask<bool> ContainsAsync(ArtifactKey key, CancellationToken cancellationToken) =>
        await AskAboutAsync("EXISTS"u8, key, cancellationToken).ConfigureAwait(false) > 0;

    /// <inheritdoc/>
    public async ValueTask<bool> RemoveAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        var head = await ReadHeadAsync(key, cancellationToken).ConfigureAwait(false);
        var removed = await AskAboutAsync("UNLINK"u8, key, cancellationToken).ConfigureAwait(false) > 0;
        if (head is { IsChunked: true })
        {
            await DropChunksAsync(key, head.Generation.ToArray(), head.ChunkCount).ConfigureAwait(false);
        }

        return removed;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private CacheException Answered(string error) => RedisFailures.Answered(Name, error);

    private static CacheException Damaged(ArtifactKey key, string problem) => new(CacheErrorKind.Damaged, $"{key}: {problem}");

    /// <summary>A command whose only argument is the record's key and whose answer is a number.</summary>
    private ValueTask<long> AskAboutAsync(ReadOnlySpan<byte> verb, ArtifactKey key, CancellationToken cancellationToken)
    {
        Span<byte> name = stackalloc byte[RecordKeys.MaxBytes];
        name = name[.._keys.Write(key, name)];
        var operation = new RespOperation(new RespCommand(verb, 1).Add(name), RespWant.Short);
        return NumberAsync(_client.SendAsync(operation, name, isBulk: false, cancellationToken));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<long> NumberAsync(ValueTask<RespReply> pending)
    {
        var reply = await pending.ConfigureAwait(false);
        return reply.Type == RespType.Error ? throw Answered(reply.Text!) : reply.Number; // An error always has a line.
    }

    /// <summary>The head of the record that is there now; null when there is none, or something else.</summary>
    private async ValueTask<RecordHead?> ReadHeadAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        var reply = await SendHeadAsync(key, cancellationToken).ConfigureAwait(false);
        if (reply.Type == RespType.Error)
        {
            return RedisWords.IsWrongType(reply.Text!) ? null : throw Answered(reply.Text!);
        }

        var head = RecordHead.Decode(reply.Bytes);
        reply.Return();
        return head;
    }

    private ValueTask<RespReply> SendHeadAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        Span<byte> name = stackalloc byte[RecordKeys.MaxBytes];
        name = name[.._keys.Write(key, name)];
        var command = new RespCommand("GETRANGE"u8, 3).Add(name).Add(0).Add(RecordHead.Size - 1);
        var operation = new RespOperation(command, RespWant.Rented) { MaxBytes = RecordHead.Size };
        return _client.SendAsync(operation, name, isBulk: false, cancellationToken);
    }

    /// <summary>Removes chunks that nobody names any more, as far as that goes within a moment: they may expire otherwise.</summary>
    private async ValueTask DropChunksAsync(ArtifactKey key, byte[] generation, int count)
    {
        using var patience = new CancellationTokenSource(_options.ReplyTimeout, _time);
        try
        {
            await ForChunksAsync(count, index => SendChunkCommandAsync("UNLINK"u8, key, generation, index, null, patience.Token))
                .ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is CacheException or OperationCanceledException)
        {
            // Those that are left belong to no record; a server that evicts takes them first of all.
        }
    }

    /// <summary>Asks something about every chunk, a number of them at a time; returns how many were answered by 1 or more.</summary>
    private async ValueTask<int> ForChunksAsync(int count, Func<int, ValueTask<RespReply>> ask)
    {
        const int Window = 64;
        var agreed = 0;
        var replies = new Task<RespReply>[Math.Min(count, Window)];
        for (var first = 0; first < count; first += Window)
        {
            var length = Math.Min(Window, count - first);
            for (var i = 0; i < length; i++)
            {
                replies[i] = ask(first + i).AsTask();
            }

            CacheException? failure = null;
            for (var i = 0; i < length; i++)
            {
                try
                {
                    agreed += await NumberAsync(new ValueTask<RespReply>(replies[i])).ConfigureAwait(false) > 0 ? 1 : 0;
                }
                catch (CacheException exception)
                {
                    // The others are waited for, too.
                    failure = exception;
                }
            }

            if (failure is not null)
            {
                throw failure;
            }
        }

        return agreed;
    }

    private ValueTask<RespReply> SendChunkCommandAsync(
        ReadOnlySpan<byte> verb, ArtifactKey key, byte[] generation, int index, long? argument, CancellationToken cancellationToken)
    {
        Span<byte> name = stackalloc byte[RecordKeys.MaxBytes];
        name = name[.._keys.WriteChunk(key, generation, index, name)];
        var command = new RespCommand(verb, argument is null ? 1 : 2).Add(name);
        if (argument is { } number)
        {
            command = command.Add(number);
        }

        return _client.SendAsync(new RespOperation(command, RespWant.Short), name, isBulk: false, cancellationToken);
    }
}
