using System.Buffers;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using Larder.Cli.Output;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Cli.Stores;

/// <summary>
/// A cache directory without a node. Owned while the command runs, so that damage can be set aside; shared when a node
/// owns it already. Never evicts: the capacity is the node's business.
/// </summary>
internal sealed class DirectoryStore : IArtifactStore
{
    private const int BufferBytes = 128 * 1024;

    // Far above any file system; the tier's sums stay within 64 bits.
    private const long NoCapacityBytes = 1L << 60;

    private readonly DiskTier _tier;

    private DirectoryStore(DiskTier tier) => _tier = tier;

    public string Description => $"the directory {_tier.Options.Directory}";

    /// <summary>Opens a directory that a node has used, or an empty one.</summary>
    /// <exception cref="CommandException">There is no such directory, or it is something else.</exception>
    public static async Task<DirectoryStore> OpenAsync(
        string path, Func<ArtifactKind, KindOptions> kinds, CancellationToken cancellationToken)
    {
        var full = Path.GetFullPath(path);
        if (!Directory.Exists(full))
        {
            throw CommandException.Unreachable($"There is no directory {full}; check the path, or make it first.");
        }

        if (!File.Exists(Path.Combine(full, ".lock")) && Directory.EnumerateFileSystemEntries(full).Any())
        {
            throw CommandException.Unreachable($"{full} is no cache directory: it holds other files and was never opened by larder.");
        }

        return new DirectoryStore(await OpenTierAsync(full, kinds, cancellationToken).ConfigureAwait(false));
    }

    public async Task<StoreStatistics> GetStatisticsAsync(CancellationToken cancellationToken)
    {
        await _tier.Recovered.WaitAsync(cancellationToken).ConfigureAwait(false);
        var statistics = _tier.GetStatistics() with { CapacityBytes = -1 };
        return new StoreStatistics([statistics]) { DataDirectory = _tier.Options.Directory };
    }

    public async Task<ArtifactDownload?> OpenAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        var lease = await _tier.GetAsync(key, cancellationToken).ConfigureAwait(false);
        return lease.Outcome switch
        {
            LookupOutcome.Hit => new ArtifactDownload(lease.Metadata, TierKind.Disk, new LeaseStream(lease)),
            LookupOutcome.Throttled => throw new CommandException(
                ExitCodes.Failure, $"{key} cannot be read from {Description}; the disk or its permissions are the reason."),
            _ => null,
        };
    }

    public async Task<PutOutcome> PutAsync(ArtifactUpload upload, CancellationToken cancellationToken)
    {
        var writer = _tier.BeginWrite(upload.Key, upload.Metadata.Length);
        await using (writer.ConfigureAwait(false))
        {
            var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
            try
            {
                int read;
                while ((read = await upload.Content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
                {
                    var outcome = await writer.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                    if (outcome != PutOutcome.Stored)
                    {
                        return outcome;
                    }
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            var description = upload.Metadata with { CreatedAt = TimeProvider.System.GetUtcNow() };
            var result = await writer.CommitAsync(description, cancellationToken).ConfigureAwait(false);
            result.Lease.Dispose();
            return result.Outcome;
        }
    }

    public async Task<ListPage> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        await _tier.Recovered.WaitAsync(cancellationToken).ConfigureAwait(false);
        var filter = query.Filter with { UsedBefore = Before(query.UnusedFor) };
        var page = _tier.Select(filter, query.Order, query.Descending, query.Skip, query.Limit, cancellationToken);
        return new ListPage(
            [.. page.Entries.Select(static entry => new ListedEntry(
                entry.Key.Kind.Name, entry.Key.Fingerprint, entry.Length, entry.LastUsedAt))],
            page.Matching);
    }

    public async Task<MissExplanation> ExplainAsync(Recipe recipe, CancellationToken cancellationToken)
    {
        // The entries carry their recipes; reading those of one kind is all that a directory can be asked.
        await _tier.Recovered.WaitAsync(cancellationToken).ConfigureAwait(false);
        var log = new RecipeLog();
        foreach (var entry in _tier.List(recipe.Kind).OrderBy(static entry => entry.LastUsedAt))
        {
            using var lease = await _tier.GetAsync(entry.Key, cancellationToken).ConfigureAwait(false);
            if (lease.IsHit)
            {
                log.TryRecord(entry.Key, lease.Metadata.Recipe);
            }
        }

        return log.Explain(recipe);
    }

    public async Task<VerifyResult> VerifyAsync(ArtifactKey key, CancellationToken cancellationToken) =>
        await _tier.VerifyAsync(key, cancellationToken).ConfigureAwait(false) switch
        {
            EntryCondition.Absent => VerifyResult.Absent,
            EntryCondition.Sound => VerifyResult.Sound,
            EntryCondition.Damaged => VerifyResult.Damaged,
            _ => throw new CommandException(
                ExitCodes.Failure, $"{key} cannot be read from {Description}; the disk or its permissions are the reason."),
        };

    public async Task<ScrubResult> ScrubAsync(
        ArtifactKind? kind, IProgress<ScrubResult> progress, CancellationToken cancellationToken)
    {
        await _tier.Recovered.WaitAsync(cancellationToken).ConfigureAwait(false);
        var report = await _tier.ScrubAsync(new Relay(progress), kind, cancellationToken).ConfigureAwait(false);
        return report.Unreadable == 0
            ? new ScrubResult(report.Entries, report.Bytes, report.Damaged)
            : throw new CommandException(
                ExitCodes.Failure,
                $"{Format.Count(report.Unreadable, "entry", "entries")} of {Description} cannot be read; "
                + "the disk or its permissions are the reason.");
    }

    public async Task<PurgeResult> PurgeAsync(PurgeQuery query, CancellationToken cancellationToken)
    {
        await _tier.Recovered.WaitAsync(cancellationToken).ConfigureAwait(false);
        var filter = new DiskFilter { Kind = query.Kind, Owner = query.Owner, UsedBefore = Before(query.UnusedFor) };
        var result = default(PurgeResult);
        foreach (var entry in _tier.List(filter))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (query.DryRun || await _tier.RemoveAsync(entry.Key, RemovalReason.Removed, cancellationToken).ConfigureAwait(false))
            {
                result = new PurgeResult(result.Entries + 1, result.Bytes + entry.Weight);
            }
        }

        return result;
    }

    public ValueTask DisposeAsync() => _tier.DisposeAsync();

    private static DateTimeOffset? Before(TimeSpan? unusedFor) =>
        unusedFor is { } time ? TimeProvider.System.GetUtcNow() - time : null;

    private static async Task<DiskTier> OpenTierAsync(
        string path, Func<ArtifactKind, KindOptions> kinds, CancellationToken cancellationToken)
    {
        var options = new DiskTierOptions
        {
            Directory = path,
            CapacityBytes = NoCapacityBytes,
            ScrubInterval = TimeSpan.Zero,
            ScrubBytesPerSecond = 0,
            IndexWhenShared = true,
        };
        try
        {
            return await DiskTier.OpenAsync(options, kinds, TimeProvider.System, NullLogger.Instance, cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException e) when (e.Kind == CacheErrorKind.Locked)
        {
            options = options with { Mode = DiskTierMode.Shared };
            return await DiskTier.OpenAsync(options, kinds, TimeProvider.System, NullLogger.Instance, cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed class Relay : IProgress<ScrubProgress>
    {
        // A bar that moves thirty times a second is smooth; more would cost more than the reading.
        private const long IntervalMilliseconds = 33;

        private readonly IProgress<ScrubResult> _progress;
        private long _last;

        public Relay(IProgress<ScrubResult> progress) => _progress = progress;

        public void Report(ScrubProgress value)
        {
            var now = Environment.TickCount64;
            if (now - _last >= IntervalMilliseconds)
            {
                _last = now;
                _progress.Report(new ScrubResult(value.Entries, value.Bytes, value.Damaged));
            }
        }
    }
}
