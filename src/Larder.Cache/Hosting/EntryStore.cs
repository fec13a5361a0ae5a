using System.Buffers;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Microsoft.Extensions.Logging;

namespace Larder.Cache.Hosting;

/// <summary>
/// Entries that can be overwritten and that end, over a cache of artifacts that do neither: what both adapters share.
/// </summary>
/// <remarks>
/// A tier that fails makes entries absent, never an exception. Changes of one key run one at a time, so that a
/// renewal can never bring back a value that was overwritten meanwhile. Safe for use by many threads.
/// </remarks>
internal sealed class EntryStore(TieredCache cache, ArtifactKind kind, TimeProvider time, ILogger log) : IDisposable
{
    private readonly StringKeys _keys = new(kind);
    private readonly KeyGates _gates = new();

    /// <summary>Ticks, UTC, now.</summary>
    public long Now => time.GetUtcNow().UtcTicks;

    public ArtifactKey KeyOf(string key) => _keys.KeyOf(key);

    public ValueTask<KeyGates.Turn> EnterAsync(ArtifactKey key, CancellationToken cancellationToken) =>
        _gates.EnterAsync(key, cancellationToken);

    /// <summary>Finds an entry, ended or not. The caller disposes the lease.</summary>
    public async ValueTask<ArtifactLease> FindAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        try
        {
            return await cache.GetAsync(key, cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException exception)
        {
            HostingLog.EntryUnreadable(log, key, exception.Message);
            return ArtifactLease.Miss;
        }
    }

    /// <summary>Reads the envelope of what was found; null when it is none of ours or cannot be read.</summary>
    public EntryEnvelope? ReadEnvelope(ArtifactKey key, ArtifactLease lease, out int length)
    {
        try
        {
            return EntryEnvelope.Read(lease.Content, out length);
        }
        catch (CacheException exception)
        {
            HostingLog.EntryUnreadable(log, key, exception.Message);
            length = 0;
            return null;
        }
    }

    /// <summary>
    /// Writes an entry over whatever is there. When it is not kept, what was there is gone too: an older value must not
    /// answer for it. The caller holds the key's turn.
    /// </summary>
    public async ValueTask<bool> WriteAsync(
        ArtifactKey key, EntryEnvelope envelope, ReadOnlySequence<byte> value, CancellationToken cancellationToken)
    {
        var start = envelope.Encode();
        try
        {
            var writer = cache.BeginWrite(key, start.Length + value.Length);
            await using (writer.ConfigureAwait(false))
            {
                await writer.WriteAsync(start, cancellationToken).ConfigureAwait(false);
                foreach (var segment in value)
                {
                    await writer.WriteAsync(segment, cancellationToken).ConfigureAwait(false);
                }

                var (outcome, lease) = await writer.CommitAsync(Description(), cancellationToken).ConfigureAwait(false);
                lease.Dispose();
                if (outcome is PutOutcome.Stored or PutOutcome.AlreadyPresent)
                {
                    return true;
                }

                HostingLog.EntryNotKept(log, key, outcome);
            }
        }
        catch (CacheException exception)
        {
            HostingLog.EntryNotWritten(log, key, exception.Message);
        }

        await RemoveAsync(key, CancellationToken.None).ConfigureAwait(false);
        return false;
    }

    /// <summary>What is kept with every entry: the kind as its owner, so that all can be removed at once.</summary>
    public ArtifactMetadata Description() => ArtifactWriter.AsWritten with { Owner = kind.Name };

    public async ValueTask RemoveAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        try
        {
            await cache.RemoveAsync(key, cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException exception)
        {
            HostingLog.EntryUnreadable(log, key, exception.Message);
        }
    }

    /// <summary>
    /// Removes an entry that has ended or cannot be read, if it is still there: it may have been replaced, or a fill may
    /// be replacing it, which a removal would spoil.
    /// </summary>
    /// <param name="key">Names the entry.</param>
    /// <param name="digest">Digest of what was found and is of no use.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask RemoveUselessAsync(ArtifactKey key, Fingerprint digest, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(key, cancellationToken).ConfigureAwait(false);
        using var lease = await FindAsync(key, cancellationToken).ConfigureAwait(false);
        if (lease.IsHit && lease.Metadata.Digest == digest)
        {
            await RemoveAsync(key, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _gates.Dispose();
}
