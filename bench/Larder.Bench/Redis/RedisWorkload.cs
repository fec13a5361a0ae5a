using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Redis;
using Larder.Cache.Redis.Clusters;
using Larder.Cache.Redis.Protocol;

namespace Larder.Bench.Redis;

/// <summary>One worker's operations, on the client alone and on the store.</summary>
internal sealed class RedisWorkload(RedisRemoteStoreOptions options) : IAsyncDisposable
{
    private const int Kept = 64;

    private static readonly byte[] Payload = new byte[1024 * 1024];

    private static readonly ArtifactKind Kind = ArtifactKind.Parse("bench");

    private readonly RedisClient _client = new(options, TimeProvider.System);
    private readonly RedisRemoteStore _store = new(options);
    private readonly Dictionary<int, (ArtifactKey[] Keys, byte[] Payload)> _stored = [];
    private ArtifactKey _large;
    private long _next;

    /// <summary>Reads values into rented buffers, or in place where they are large.</summary>
    public async Task GetAsync(int bytes, int count)
    {
        var key = await PrepareKeyAsync(bytes);
        var isLarge = bytes > options.InlineBytes;
        var rented = ArrayPool<byte>.Shared.Rent(isLarge ? bytes : 1);
        var buffer = rented.AsMemory(0, isLarge ? bytes : 0);
        for (var i = 0; i < count; i++)
        {
            var command = new RespCommand("GET"u8, 1).Add(key);
            var operation = isLarge
                ? new RespOperation(command, RespWant.InPlace) { Destination = buffer }
                : new RespOperation(command, RespWant.Rented) { MaxBytes = bytes };
            var reply = await _client.SendAsync(operation, key, isLarge, CancellationToken.None);
            Require(reply.Number == bytes);
            reply.Return();
        }

        ArrayPool<byte>.Shared.Return(rented);
    }

    public async Task SetAsync(int bytes, int count)
    {
        var key = Encoding.ASCII.GetBytes($"bench:{bytes}");
        var payload = Payload.AsMemory(0, bytes);
        for (var i = 0; i < count; i++)
        {
            var operation = new RespOperation(new RespCommand("SET"u8, 2).Add(key).AddPayload(payload), RespWant.Short);
            var reply = await _client.SendAsync(operation, key, bytes > options.InlineBytes, CancellationToken.None);
            Require(reply.Type == RespType.Status);
        }
    }

    /// <summary>Gets artifacts and reads them to their ends.</summary>
    public async Task FetchAsync(int bytes, int count)
    {
        var (keys, _) = await PrepareAsync(bytes);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        for (var i = 0; i < count; i++)
        {
            Require(await ReadAsync(keys[i % Kept], buffer) == bytes);
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Puts artifacts that are not there yet.</summary>
    public async Task StoreAsync(int bytes, int count)
    {
        var digest = Fingerprint.OfContent(Payload.AsSpan(0, bytes));
        using var content = new MemoryStream(Payload, 0, bytes);
        var name = new byte[Fingerprint.Size];
        for (var i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(name, Interlocked.Increment(ref _next));
            content.Position = 0;
            var metadata = new ArtifactMetadata { Length = bytes, Digest = digest };
            var outcome = await _store.PutAsync(new ArtifactKey(Kind, new Fingerprint(name)), metadata, content, CancellationToken.None);
            Require(outcome == PutOutcome.Stored);
        }
    }

    /// <summary>Removes everything from the server.</summary>
    public async Task ClearAsync()
    {
        var operation = new RespOperation(new RespCommand("FLUSHALL"u8, 0), RespWant.Short);
        Require((await _client.SendAsync(operation, "x"u8, isBulk: false, CancellationToken.None)).Type == RespType.Status);
        lock (_stored)
        {
            _stored.Clear();
        }
    }

    public Task FetchOneAsync() => FetchAsync(4 * 1024, 1);

    public async Task PrepareStreamAsync(int bytes)
    {
        await PrepareAsync(4 * 1024);
        _large = (await PutAsync(bytes, 1)).Keys[0];
    }

    /// <summary>Reads the large artifact and returns its length.</summary>
    public async Task<long> StreamAsync() => await ReadAsync(_large, new byte[64 * 1024]);

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("an operation did not do what it should");
        }
    }

    // Pooled, so that what is counted is the store's.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<long> ReadAsync(ArtifactKey key, byte[] buffer)
    {
        await using var artifact = await _store.GetAsync(key, null, CancellationToken.None)
            ?? throw new InvalidOperationException("the server evicts; give it more memory");
        var total = 0L;
        for (int read; (read = await artifact.Content.ReadAsync(buffer)) > 0;)
        {
            total += read;
        }

        return total;
    }

    private async Task<byte[]> PrepareKeyAsync(int bytes)
    {
        var key = Encoding.ASCII.GetBytes($"bench:{bytes}");
        await SetAsync(bytes, 1);
        return key;
    }

    private async Task<(ArtifactKey[] Keys, byte[] Payload)> PrepareAsync(int bytes)
    {
        lock (_stored)
        {
            if (_stored.TryGetValue(bytes, out var known))
            {
                return known;
            }
        }

        var made = await PutAsync(bytes, Kept);
        lock (_stored)
        {
            return _stored[bytes] = made;
        }
    }

    private async Task<(ArtifactKey[] Keys, byte[] Payload)> PutAsync(int bytes, int count)
    {
        var payload = new byte[bytes];
        var keys = new ArtifactKey[count];
        for (var i = 0; i < count; i++)
        {
            keys[i] = new ArtifactKey(Kind, Fingerprint.OfContent(Encoding.ASCII.GetBytes($"{bytes}/{i}")));
            var metadata = new ArtifactMetadata { Length = bytes, Digest = Fingerprint.OfContent(payload) };
            await using var content = new MemoryStream(payload);
            Require(await _store.PutAsync(keys[i], metadata, content, CancellationToken.None) is PutOutcome.Stored or PutOutcome.AlreadyPresent);
        }

        return (keys, payload);
    }
}
