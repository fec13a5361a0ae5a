using System.Runtime.CompilerServices;
using Larder.Cache.Redis.Protocol;

namespace Larder.Cache.Redis.Connections;

/// <summary>
/// One server with its connections: one for small commands, which never stand behind a large value, and several for
/// chunks.
/// </summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly RedisLane _small;
    private readonly RedisLane[] _bulk;
    private uint _turn;

    public RedisServer(RedisEndpoint endpoint, RedisConnector connector, int bulkConnections, TimeProvider time)
    {
        Endpoint = endpoint;
        _small = new RedisLane(endpoint, connector, time);
        _bulk = new RedisLane[bulkConnections];
        for (var i = 0; i < _bulk.Length; i++)
        {
            _bulk[i] = new RedisLane(endpoint, connector, time);
        }
    }

    public RedisEndpoint Endpoint { get; }

    /// <summary>Sends an operation on a connection for its size.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<RespReply> SendAsync(RespOperation operation, bool isBulk, CancellationToken cancellationToken)
    {
        var lane = isBulk ? PickBulk() : _small;
        var connection = await lane.GetAsync(cancellationToken).ConfigureAwait(false);
        return await connection.SendAsync(operation, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _small.DisposeAsync().ConfigureAwait(false);
        foreach (var lane in _bulk)
        {
            await lane.DisposeAsync().ConfigureAwait(false);
        }
    }

    // The one with the least in flight, beginning in turn.
    private RedisLane PickBulk()
    {
        var first = (int)(Interlocked.Increment(ref _turn) % (uint)_bulk.Length);
        var best = _bulk[first];
        for (var i = 1; i < _bulk.Length && best.Pending > 0; i++)
        {
            var other = _bulk[(first + i) % _bulk.Length];
            best = other.Pending < best.Pending ? other : best;
        }

        return best;
    }
}
