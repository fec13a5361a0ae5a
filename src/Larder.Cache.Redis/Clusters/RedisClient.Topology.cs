using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Larder.Cache.Redis.Connections;
using Larder.Cache.Redis.Protocol;

namespace Larder.Cache.Redis.Clusters;

// Who has which slot. One refresh runs at a time and never before the caller's own reply: redirections are followed at
// once by what they say themselves.
internal sealed partial class RedisClient
{
    private static readonly TimeSpan RefreshPause = TimeSpan.FromMilliseconds(100);

    private bool TryFollow(string error, RedisServer asked, [NotNullWhen(true)] out RedisServer? server, out int slot)
    {
        server = null;
        slot = -1;
        var words = error.Split(' ');
        if (words.Length >= 3
            && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out slot)
            && slot < HashSlot.Count
            && RedisEndpoint.TryParse(words[2], asked.Endpoint, out var endpoint))
        {
            server = ServerAt(endpoint);
        }

        return server is not null;
    }

    private void NoteMove(int slot, RedisServer owner)
    {
        var slots = Volatile.Read(ref _slots);
        if (slots is null)
        {
            slots = Interlocked.CompareExchange(ref _slots, new RedisServer?[HashSlot.Count], null) ?? Volatile.Read(ref _slots)!;
        }

        Volatile.Write(ref slots[slot], owner);
        RequestRefresh();
    }

    // A server that cannot be reached: another seed is asked next, and a cluster may have given its slots away.
    private void Suspect(RedisServer server)
    {
        if (server.Endpoint == _seeds[Volatile.Read(ref _seed) % _seeds.Length])
        {
            Interlocked.Exchange(ref _seed, (Volatile.Read(ref _seed) + 1) % _seeds.Length);
        }

        if (IsCluster)
        {
            RequestRefresh();
        }
    }

    private void RequestRefresh()
    {
        lock (_gate)
        {
            if (_refreshing.IsCompleted && !_closing.IsCancellationRequested)
            {
                _refreshing = Task.Run(RefreshAsync, CancellationToken.None);
            }
        }
    }

    private async Task RefreshAsync()
    {
        try
        {
            var known = _servers.Values.ToArray();
            Random.Shared.Shuffle(known);
            foreach (var server in known)
            {
                if (await TryReadMapAsync(server).ConfigureAwait(false))
                {
                    break;
                }
            }

            await Task.Delay(RefreshPause, _time, _closing.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client is being closed.
        }
    }

    private async Task<bool> TryReadMapAsync(RedisServer server)
    {
        try
        {
            var operation = new RespOperation(new RespCommand("CLUSTER"u8, 1).Add("SLOTS"u8), RespWant.Tree);
            var reply = await server.SendAsync(operation, isBulk: false, _closing.Token).ConfigureAwait(false);
            return reply.Tree is { } tree && TryTakeMap(tree, server);
        }
        catch (CacheException)
        {
            return false;
        }
    }

    /// <summary>Takes the map over; false when it is none, so that another server is asked.</summary>
    private bool TryTakeMap(RespValue map, RedisServer asked)
    {
        var slots = new RedisServer?[HashSlot.Count];
        var covered = 0;
        foreach (var run in map.Items)
        {
            if (run.Items is not [{ Type: RespType.Integer } first, { Type: RespType.Integer } last, { Items: [var host, var port, ..] }, ..]
                || first.Number < 0 || last.Number < first.Number || last.Number >= HashSlot.Count
                || port.Number is <= 0 or > ushort.MaxValue)
            {
                return false;
            }

            var name = host.Text.Length is > 0 and < 256 && host.Text != "?" ? host.Text : asked.Endpoint.Host;
            var owner = ServerAt(new RedisEndpoint(name, (int)port.Number));
            slots.AsSpan((int)first.Number, (int)(last.Number - first.Number + 1)).Fill(owner);
            covered += (int)(last.Number - first.Number + 1);
        }

        if (covered == 0)
        {
            return false;
        }

        Volatile.Write(ref _slots, slots);
        return true;
    }
}
