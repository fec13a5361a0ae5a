using Larder.Cache.Artifacts;
using Larder.Node.Http;
using Larder.Node.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Storage;

/// <summary>
/// Keeps the lookup deadline when a lookup blocks its thread, as a disk that does not answer makes it do.
/// </summary>
/// <remarks>
/// Looking up runs on the thread that read the request, because handing every lookup to another thread costs more than
/// serving a small artifact. So a thread of its own looks, a few times a second, for lookups that are past their
/// deadline, takes the answer away from the stuck thread and sends the miss itself. Who may answer is decided by one
/// exchange on the request (<see cref="NodeRequest.TryExpire"/>, <see cref="NodeRequest.EndLookup"/>). While a thread is
/// stuck, other lookups stay off the tiers that may block. Safe for many threads.
/// </remarks>
internal sealed class LookupWatch : IDisposable
{
    [ThreadStatic]
    private static LookupSlot? _slot;

    // One slot for each thread that ever looked anything up here; threads of the pool are few and live long.
    private static readonly List<WeakReference<LookupSlot>> Slots = [];
    private static readonly Lock SlotsGate = new();

    private readonly ArtifactStore _store;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly long _deadlineTicks;
    private readonly TimeSpan _interval;
    private readonly ManualResetEventSlim _closing = new();
    private readonly Thread _thread;
    private volatile bool _isStalled;

    public LookupWatch(ArtifactStore store, TimeSpan deadline, TimeProvider clock, ILogger logger)
    {
        _store = store;
        _clock = clock;
        _logger = logger;
        _deadlineTicks = (long)(deadline.TotalSeconds * clock.TimestampFrequency);
        _interval = TimeSpan.FromMilliseconds(Math.Clamp(deadline.TotalMilliseconds / 8, 10, 250));
        _thread = new Thread(Watch) { IsBackground = true, Name = "larder lookup watch" };
        _thread.Start();
    }

    /// <summary>Looks up for a request; throws when the watch has answered it in the meantime.</summary>
    /// <exception cref="OperationCanceledException">
    /// The request is answered already (<see cref="NodeRequest.IsExpired"/>); nothing must be done with it any more.
    /// </exception>
    public ValueTask<StoredArtifact> GetAsync(NodeRequest request, ArtifactKey key)
    {
        if (_isStalled)
        {
            return new ValueTask<StoredArtifact>(_store.GetFromMemory(key));
        }

        if (!EventLoop.IsCurrent)
        {
            return LookUp(request, key, isAtHand: true);
        }

        var slot = _slot ?? AddSlot();
        var generation = request.BeginLookup();
        slot.Enter(request, generation, _clock.GetTimestamp());
        var isHit = _store.TryGetAtHand(key, out var artifact);
        slot.Leave();
        if (!request.EndLookup(generation))
        {
            return DiscardAsync(new ValueTask<StoredArtifact>(artifact));
        }

        return isHit ? new ValueTask<StoredArtifact>(artifact) : LookUpElsewhereAsync(request, key);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closing.Set();
        _thread.Join();
        _closing.Dispose();
    }

    private ValueTask<StoredArtifact> LookUp(NodeRequest request, ArtifactKey key, bool isAtHand)
    {
        var slot = _slot ?? AddSlot();
        var generation = request.BeginLookup();
        slot.Enter(request, generation, _clock.GetTimestamp());
        var pending = _store.GetAsync(key, isAtHand);
        slot.Leave();
        return request.EndLookup(generation) ? pending : DiscardAsync(pending);
    }

    private async ValueTask<StoredArtifact> LookUpElsewhereAsync(NodeRequest request, ArtifactKey key)
    {
        await request.LeaveLoopAsync().ConfigureAwait(false);
        return await LookUp(request, key, isAtHand: false).ConfigureAwait(false);
    }

    private static LookupSlot AddSlot()
    {
        var made = _slot = new LookupSlot();
        lock (SlotsGate)
        {
            Slots.RemoveAll(static slot => !slot.TryGetTarget(out _));
            Slots.Add(new WeakReference<LookupSlot>(made));
        }

        return made;
    }

    private static async ValueTask<StoredArtifact> DiscardAsync(ValueTask<StoredArtifact> pending)
    {
        using var artifact = await pending.ConfigureAwait(false);
        throw new OperationCanceledException("The lookup passed its deadline and was answered as a miss.");
    }

    private void Watch()
    {
        while (!_closing.Wait(_interval))
        {
            WeakReference<LookupSlot>[] slots;
            lock (SlotsGate)
            {
                slots = [.. Slots];
            }

            var isStalled = false;
            var limit = _clock.GetTimestamp() - _deadlineTicks;
            foreach (var reference in slots)
            {
                if (reference.TryGetTarget(out var slot)
                    && slot.StuckSince(limit, out var generation) is { } request
                    && ReferenceEquals(request.Services.Watch, this))
                {
                    isStalled = true;
                    Expire(request, generation);
                }
            }

            _isStalled = isStalled;
        }
    }

    private void Expire(NodeRequest request, long generation)
    {
        if (!request.TryExpire(generation))
        {
            return;
        }

        _store.CountTimeout();
        Log.LookupStuck(_logger, request.Path);
        try
        {
            // The stuck thread does not touch the answer any more, and no other request can come over its connection.
            request.Http.Response.Headers.Connection = "close";
            Answer.Empty(request, StatusCodes.Status404NotFound);
            var sent = request.Http.Response.CompleteAsync();
            if (!sent.IsCompleted)
            {
                _store.Abandon(sent);
            }
        }
        catch (Exception exception)
        {
            // The client may be gone; there is nobody left to answer.
            _store.ReportRead(exception);
        }
    }
}
