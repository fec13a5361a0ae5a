using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using Larder.Cache.Memory;
using Larder.Cache.Remote;
using Larder.Cache.Sizing;
using Larder.Cache.Tiering;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Cache;

/// <summary>
/// The cache as its users see it: artifacts by key, found in the uppermost tier that holds them, made once when none
/// does.
/// </summary>
/// <remarks>
/// <para>
/// The life of a read: the tiers are asked from upper to lower; the first verified hit is promoted upward by the rules
/// of its kind and handed out as a lease. A hit in the memory tier takes no lock and allocates nothing. Misses of one
/// key that reach the remote tier share one fetch.
/// </para>
/// <para>
/// The life of a fill: a miss everywhere runs one fill for the key however many callers wait. Its bytes are booked
/// before they come, stream to where they will live, and become visible at once; a failed fill leaves nothing, and
/// every waiter sees the failure. A waiter that gives up leaves the others alone; when the last one does, the fill is
/// cancelled.
/// </para>
/// <para>
/// A tier that fails is passed over: it degrades the service, never the answer. All members are safe for use by many
/// threads.
/// </para>
/// </remarks>
public sealed partial class TieredCache : IAsyncDisposable
{
    private const string RecipeFileName = ".recipes";

    private readonly CacheOptions _options;
    private readonly TimeProvider _time;
    private readonly KindTable _kinds;
    private readonly FlightTable _fetches = new();
    private readonly FlightTable _fills = new();
    private readonly FailureMemory _failures;
    private readonly CacheTiers _tiers;

    // What the disk tier's lookups are watched with; null when they are not.
    private readonly TierSizing? _diskSizing;

    // Where the recipes survive a restart; null without a disk tier of our own.
    private readonly string? _recipeFile;
    private readonly Task _recipesLoaded;
    private bool _disposed;

    private TieredCache(CacheOptions options, CacheTiers tiers, TimeProvider time)
    {
        _options = options;
        _time = time;
        _kinds = new KindTable(options);
        _failures = new FailureMemory(options.MaxRememberedFailures, time);
        Recipes = new RecipeLog(options.RecipeLog, time);
        Events = tiers.Events;
        _tiers = tiers;
        if (options.Sizing is { } sizing)
        {
            Memory?.Watch(sizing);
            _diskSizing = Disk is null
                ? null
                : new TierSizing(TierKind.Disk, sizing, Disk.Options.CapacityBytes, DiskLookupsOf, time);
            Events.Removed += ForgetOnDisk;
        }

        _recipeFile = options.Disk is { Mode: DiskTierMode.Owner } disk ? Path.Combine(disk.Directory, RecipeFileName) : null;
        _recipesLoaded = _recipeFile is null ? Task.CompletedTask : Recipes.LoadAsync(_recipeFile, CancellationToken.None);
    }

    /// <summary>Orders copies between tiers against commits and removals.</summary>
    internal WriteClock Writes { get; } = new();

    /// <summary>The recipes that were seen lately, which explain misses.</summary>
    public RecipeLog Recipes { get; }

    /// <summary>What listeners are told.</summary>
    public CacheEvents Events { get; }

    /// <summary>The memory tier; null when it is switched off.</summary>
    public ArtifactMemoryTier? Memory => _tiers.Memory;

    /// <summary>The disk tier; null when it is switched off.</summary>
    public DiskTier? Disk => _tiers.Disk;

    /// <summary>The remote tier; null when there is none.</summary>
    public RemoteTier? Remote => _tiers.Remote;

    /// <summary>
    /// Opens the tiers that <paramref name="options"/> name, the memory region first. Returns as soon as the cache can
    /// serve; the disk tier goes on recovering in the background.
    /// </summary>
    /// <exception cref="CacheException">
    /// The options are wrong, the memory region cannot be had, or the directory cannot be opened or is owned by another
    /// process.
    /// </exception>
    public static async ValueTask<TieredCache> OpenAsync(
        CacheOptions options,
        TimeProvider? time = null,
        ILoggerFactory? loggers = null,
        CancellationToken cancellationToken = default)
    {
        options.Validate();
        time ??= TimeProvider.System;
        loggers ??= NullLoggerFactory.Instance;
        var tiers = await CacheTiers.OpenAsync(options, time, loggers, cancellationToken).ConfigureAwait(false);
        return new TieredCache(options, tiers, time);
    }

    /// <summary>Looks through the tiers from upper to lower. The caller disposes the lease.</summary>
    /// <returns>
    /// A hit; or a miss; or throttled, when the local tiers do not hold the artifact and the remote tier could not be
    /// asked in time.
    /// </returns>
    public ValueTask<ArtifactLease> GetAsync(ArtifactKey key, CancellationToken cancellationToken = default)
    {
        if (Memory is not null)
        {
            var lease = Memory.Get(key);
            if (lease.IsHit)
            {
                return new ValueTask<ArtifactLease>(lease);
            }
        }

        return GetBelowMemoryAsync(key, cancellationToken);
    }

    /// <summary>
    /// The first half of <see cref="GetAsync"/>: looks where the artifact would be at hand without waiting for anything,
    /// in the memory tier and among the open files of the disk tier. After false the caller goes on with
    /// <see cref="GetElsewhereAsync"/>.
    /// </summary>
    /// <param name="key">Names the artifact.</param>
    /// <param name="lease">The hit; the caller disposes it.</param>
    public bool TryGetAtHand(ArtifactKey key, out ArtifactLease lease)
    {
        if (Memory is not null)
        {
            lease = Memory.Get(key);
            if (lease.IsHit)
            {
                return true;
            }
        }

        // What would be copied into the memory tier has to be read for that.
        lease = default;
        if (Disk is null
            || !_kinds.TryGet(key.Kind, out var kind)
            || !kind.Options.Disk
            || !Disk.TryGetOpen(key, Memory is null || !kind.Options.Memory ? -1 : kind.Options.MaxMemoryEntryBytes, out lease))
        {
            return false;
        }

        NoteDiskLookup(key, lease);
        kind.Answer(lease);
        return true;
    }

    /// <summary>
    /// The second half of <see cref="GetAsync"/>, for a caller that has just asked <see cref="TryGetAtHand"/> in vain.
    /// </summary>
    public ValueTask<ArtifactLease> GetElsewhereAsync(ArtifactKey key, CancellationToken cancellationToken = default) =>
        GetBelowMemoryAsync(key, cancellationToken);

    /// <summary>
    /// Looks the artifact up and, when no tier holds it, runs <paramref name="fill"/> once for all who ask. The caller
    /// disposes the lease.
    /// </summary>
    /// <typeparam name="TState">What the fill needs to know.</typeparam>
    /// <param name="key">Names the artifact.</param>
    /// <param name="state">Passed to the fill, so that it can be a static delegate.</param>
    /// <param name="fill">Makes the bytes.</param>
    /// <param name="cancellationToken">Gives up waiting, for this caller only.</param>
    /// <exception cref="CacheException">
    /// The fill's bytes do not have the digest that names them, are too large for every tier, or the fill failed in the
    /// same way a moment ago.
    /// </exception>
    /// <remarks>What the fill throws reaches every waiter as it is.</remarks>
    public ValueTask<ArtifactLease> GetOrFillAsync<TState>(
        ArtifactKey key, TState state, ArtifactFill<TState> fill, CancellationToken cancellationToken = default)
    {
        if (Memory is not null)
        {
            var lease = Memory.Get(key);
            if (lease.IsHit)
            {
                return new ValueTask<ArtifactLease>(lease);
            }
        }

        return FillBelowMemoryAsync(key, state, fill, cancellationToken);
    }

    /// <summary>The treatment of a kind.</summary>
    public KindOptions OptionsFor(ArtifactKind kind) => _kinds.OptionsOf(kind);

    /// <summary>
    /// Cancels fills and fetches, gives the write-behind queue its time to drain, and closes the tiers from lower to
    /// upper.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        await _fills.DisposeAsync().ConfigureAwait(false);
        await _fetches.DisposeAsync().ConfigureAwait(false);
        await DrainAsync().ConfigureAwait(false);
        await SaveRecipesAsync(CancellationToken.None).ConfigureAwait(false);
        await _tiers.CloseAsync().ConfigureAwait(false);
    }

    /// <summary>Lets queued uploads leave, for as long as the options grant them.</summary>
    private async ValueTask DrainAsync()
    {
        if (Remote is null || _options.CloseTimeout <= TimeSpan.Zero)
        {
            return;
        }

        using var patience = new CancellationTokenSource(_options.CloseTimeout, _time);
        try
        {
            await Remote.FlushAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // What is still queued is lost to the remote tier, and counted there; the local tiers hold it.
        }
    }

    private async ValueTask<ArtifactLease> GetBelowMemoryAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        if (!_kinds.TryGet(key.Kind, out var kind))
        {
            return ArtifactLease.Miss;
        }

        try
        {
            var lease = await FindFirstOnDiskAsync(kind, key, cancellationToken).ConfigureAwait(false);
            if (!lease.IsHit && Remote is not null && kind.Options.Remote)
            {
                lease = await FetchAsync(kind, key, cancellationToken).ConfigureAwait(false);
            }

            return kind.Answer(lease);
        }
        catch
        {
            kind.CountFailure();
            throw;
        }
    }

    /// <summary>Asks the disk tier, and copies what it finds into the memory tier when that may hold it.</summary>
    private async ValueTask<ArtifactLease> FindOnDiskAsync(KindState kind, ArtifactKey key, CancellationToken cancellationToken)
    {
        if (Disk is null || !kind.Options.Disk)
        {
            return ArtifactLease.Miss;
        }

        var writes = Writes.Current(key);
        var lease = await Disk.GetAsync(key, cancellationToken).ConfigureAwait(false);
        if (lease.IsHit)
        {
            Promote(kind, key, lease.Content, writes);
        }

        return lease;
    }

    private void Promote(KindState kind, ArtifactKey key, ArtifactContent content, long writes)
    {
        if (Memory is null
            || !kind.Options.Memory
            || content.Length > kind.Options.MaxMemoryEntryBytes
            || Writes.Current(key) != writes
            || Memory.Put(key, content) != PutOutcome.Stored)
        {
            return;
        }

        if (Writes.Current(key) == writes)
        {
            kind.CountPromotion(content.Length);
        }
        else
        {
            Memory.Remove(key, RemovalReason.Invalidated);
        }
    }

    /// <summary>Gets the artifact from the remote tier into the local ones, once for all who ask.</summary>
    private ValueTask<ArtifactLease> FetchAsync(KindState kind, ArtifactKey key, CancellationToken cancellationToken) =>
        _fetches.RunAsync(
            key,
            (Cache: this, Kind: kind),
            static (state, flight) => state.Cache.RunFetchAsync(state.Kind, flight),
            cancellationToken);

    private async ValueTask<ArtifactLease> RunFetchAsync(KindState kind, Flight flight)
    {
        // An earlier flight may have stored the artifact between this caller's lookup and its turn.
        var lease = await FindOnDiskAsync(kind, flight.Key, flight.Token).ConfigureAwait(false);
        if (lease.IsHit)
        {
            return lease;
        }

        var writer = new TieredWriter(this, kind, flight.Key, length: -1, measuresCost: false, _time) { IsFromRemote = true };
        await using (writer.ConfigureAwait(false))
        {
            var fetched = await Remote!.FetchAsync(flight.Key, writer, flight.Token).ConfigureAwait(false);
            if (flight.Invalidated)
            {
                await RemoveLocallyAsync(flight.Key, RemovalReason.Invalidated, CancellationToken.None).ConfigureAwait(false);
            }

            return fetched;
        }
    }
}
