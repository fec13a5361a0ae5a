using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Larder.Cache.Redis.Connections;
using Larder.Cache.Redis.Protocol;

namespace Larder.Cache.Redis.Clusters;

/// <summary>
/// Sends operations to the server that has their slot. It begins with one server; the first redirection shows that it
/// belongs to a cluster, whose map is read then, and again whenever a server says that a slot has moved.
/// </summary>
internal sealed partial class RedisClient : IAsyncDisposable
{
    private const int MaxServers = 1024;
    private const int MaxRedirections = 8;
    private const int MaxWaits = 12;

    private readonly RedisConnector _connector;
    private readonly int _bulkConnections;
    private readonly TimeProvider _time;
    private readonly RedisEndpoint[] _seeds;
    private readonly ConcurrentDictionary<RedisEndpoint, RedisServer> _servers = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();

    // The server of each slot; null while no cluster is known of. Replaced as a whole, and single slots in place.
    private RedisServer?[]? _slots;

    // Guarded by _gate.
    private Task _refreshing = Task.CompletedTask;

    private int _seed;

    public RedisClient(RedisRemoteStoreOptions options, TimeProvider time)
    {
        _time = time;
        _bulkConnections = options.BulkConnections;
        _connector = new RedisConnector(options, time);
        _seeds = [.. options.MoreAddresses.Prepend(options.Address).Select(static address =>
            RedisEndpoint.TryParse(address, out var endpoint) ? endpoint : throw new ArgumentException("not validated"))];
    }

    /// <summary>Whether the servers are a cluster, as far as is known.</summary>
    public bool IsCluster => Volatile.Read(ref _slots) is not null;

    /// <summary>
    /// Sends an operation and waits for its reply, which is an error only where the server refuses the command itself.
    /// </summary>
    /// <param name="operation">What to send; it is of no further use afterwards, its rented reply is the caller's.</param>
    /// <param name="key">The key that it is about.</param>
    /// <param name="isBulk">Whether much is moved for it.</param>
    /// <param name="cancellationToken">Gives up waiting; the server may carry it out nevertheless.</param>
    public ValueTask<RespReply> SendAsync(RespOperation operation, ReadOnlySpan<byte> key, bool isBulk, CancellationToken cancellationToken)
    {
        var slots = Volatile.Read(ref _slots);
        var server = slots is null ? Seed() : slots[HashSlot.Of(key)] ?? Seed();
        return SendAsync(operation, server, isBulk, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task refreshing;
        lock (_gate)
        {
            refreshing = _refreshing;
        }

        await refreshing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var server in _servers.Values)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        _closing.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RespReply> SendAsync(
        RespOperation operation, RedisServer server, bool isBulk, CancellationToken cancellationToken)
    {
        var waits = 0;
        for (var redirections = 0; ;)
        {
            RespReply reply;
            try
            {
                reply = await server.SendAsync(operation, isBulk, cancellationToken).ConfigureAwait(false);
            }
            catch (CacheException) when (!cancellationToken.IsCancellationRequested)
            {
                Suspect(server);
                throw;
            }

            operation.IsAsking = false;
            if (reply.Type != RespType.Error)
            {
                operation.Release();
                return reply;
            }

            var error = reply.Text!; // An error always has a line.
            switch (RedisWords.Code(error))
            {
                case "MOVED" when redirections++ < MaxRedirections && TryFollow(error, server, out var owner, out var slot):
                    NoteMove(slot, owner);
                    server = owner;
                    break;
                case "ASK" when redirections++ < MaxRedirections && TryFollow(error, server, out var importer, out _):
                    server = importer;
                    operation.IsAsking = true;
                    break;
                case "TRYAGAIN" or "CLUSTERDOWN" when waits++ < MaxWaits:
                    RequestRefresh();
                    await Task.Delay(TimeSpan.FromMilliseconds(10 * waits), _time, cancellationToken).ConfigureAwait(false);
                    break;
                case "MOVED" or "ASK" or "TRYAGAIN" or "CLUSTERDOWN" or "LOADING" or "BUSY" or "MASTERDOWN":
                    operation.Release();
                    throw RedisFailures.Answered(server.Endpoint.ToString(), error);
                case "READONLY" when IsCluster:
                    RequestRefresh();
                    operation.Release();
                    throw RedisFailures.Answered(server.Endpoint.ToString(), error);
                default:
                    operation.Release();
                    return reply;
            }

            operation.Reset();
        }
    }

    private RedisServer Seed() => ServerAt(_seeds[Volatile.Read(ref _seed) % _seeds.Length])!; // The seeds are few.

    // Null when more servers were named than a cluster has.
    private RedisServer? ServerAt(RedisEndpoint endpoint)
    {
        if (_servers.TryGetValue(endpoint, out var known))
        {
            return known;
        }

        lock (_gate)
        {
            if (_servers.Count >= MaxServers || _closing.IsCancellationRequested)
            {
                return _servers.TryGetValue(endpoint, out known) ? known
                    : _servers.IsEmpty ? throw RedisFailures.Broken("the store was closed") : null;
            }

            return _servers.GetOrAdd(endpoint, wanted => new RedisServer(wanted, _connector, _bulkConnections, _time));
        }
    }
}
