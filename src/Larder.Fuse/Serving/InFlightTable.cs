using System.Collections.Concurrent;
using Larder.Fuse.Requests;

namespace Larder.Fuse.Serving;

/// <summary>The requests that were taken over and not answered yet.</summary>
internal sealed class InFlightTable
{
    private readonly ConcurrentDictionary<ulong, DeferredReply> _replies = new();

    internal int Count => _replies.Count;

    internal IEnumerable<DeferredReply> All => _replies.Values;

    internal void Add(DeferredReply reply) => _replies[reply.Head.Key] = reply;

    internal void Remove(DeferredReply reply) =>
        _replies.TryRemove(new KeyValuePair<ulong, DeferredReply>(reply.Head.Key, reply));

    internal DeferredReply? Find(ulong key) => _replies.GetValueOrDefault(key & ~RequestHead.ResentBit);
}
