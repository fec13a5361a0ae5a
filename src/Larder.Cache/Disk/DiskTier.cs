using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Larder.Cache.Artifacts;
using Larder.Cache.Diagnostics;
using Larder.Cache.Disk.Io;
using Microsoft.Extensions.Logging;

namespace Larder.Cache.Disk;

/// <summary>
/// The disk tier: verified, immutable artifacts in one directory within a hard capacity. It serves as soon as it is
/// open; what lies on disk is found in the background.
/// </summary>
/// <remarks>
/// <para>The truth is the directory: an entry exists when its file lies at its path and verifies. Files are written
/// aside and renamed, so that a crash at any instant leaves whole entries or none. The index in memory only knows what
/// to evict and how much is used; a lookup that it cannot answer asks the file system.</para>
/// <para>Concurrency: a hit on an open file takes no lock. Everything that verifies or changes the files of a key
/// holds the key's lock (<see cref="KeyLocks"/>). The index, the queues and the budget are guarded by one gate, which
/// is held for memory operations only. Lock order: key, then gate; nobody waits for space while holding a key's
/// lock.</para>
/// <para>All members are safe for use by many threads.</para>
/// </remarks>
public sealed partial class DiskTier : IAsyncDisposable
{
    private readonly DiskTierOptions _options;
    private readonly Func<ArtifactKind, KindOptions> _kindOptions;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DiskPaths _paths;
    private readonly KeyLocks _keys = new();
    private readonly HandleCache _handles;
    private readonly TemporaryNames _temporary;
    private readonly long _verifyTicks;
    private readonly CancellationTokenSource _closing = new();

    // Every open content that still has its name, cached or only leased. Changed under the key's lock, or on free.
    private readonly ConcurrentDictionary<ArtifactKey, DiskContent> _open = new();
    private readonly ConcurrentDictionary<string, DiskKind> _kinds = new(StringComparer.Ordinal);

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly DiskIndex _index = new();
    private readonly DiskBudget _budget = new();
    private readonly List<DiskKind> _kindsById = [];

    // Entries that left the index and still have their files, with their weights: a lookup of one is a miss.
    private readonly Dictionary<ArtifactKey, long> _dying = [];

    private OwnershipLock? _ownership;
    private Task _background = Task.CompletedTask;

    // Wakes the background work; one pending signal is enough.
    private readonly Channel<byte> _work = Channel.CreateBounded<byte>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    // Written under _gate; read anywhere.
    private long _capacity;
    private bool _isResizing;
    private long _errors;
    private long _readOnlySince = -1;
    private uint _now;
    private int _disposed;

    private DiskTier(
        DiskTierOptions options, Func<ArtifactKind, KindOptions> kindOptions, TimeProvider time, ILogger logger)
    {
        _options = options;
        _kindOptions = kindOptions;
        _time = time;
        _logger = logger;
        _paths = new DiskPaths(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Directory)));
        _temporary = new TemporaryNames(_paths.Temporary, options.Io);
        _handles = new HandleCache(options.MaxOpenFiles);
        _quarantine = new Quarantine(
            options.Io,
            _paths.Quarantine,
            Math.Min(options.QuarantineBytes, options.CapacityBytes / 16),
            options.QuarantineEntries);
        _verifyTicks = (long)(options.VerifyInterval.TotalSeconds * time.TimestampFrequency);
        _budget.CapacityBytes = options.CapacityBytes;
        _budget.MaxEntries = options.MaxEntries;
        _capacity = options.CapacityBytes;
        _opened = time.GetTimestamp();
        TickClock();
    }

    /// <summary>The options that the tier was opened with; capacity and entries may have been changed since.</summary>
    public DiskTierOptions Options => _options;

    /// <summary>Whether the directory refused to be written and puts are refused for the time being.</summary>
    public bool IsReadOnly => Volatile.Read(ref _readOnlySince) >= 0;

    /// <summary>The file system, for content and writers.</summary>
    internal DiskIo Io => _options.Io;

    /// <summary>Names for unfinished files.</summary>
    internal TemporaryNames Temporary => _temporary;

    private bool IsOwner => _options.Mode == DiskTierMode.Owner;

    /// <summary>
    /// Opens the directory and returns as soon as it can serve; what lies in it is found in the background, see
    /// <see cref="Recovered"/>.
    /// </summary>
    /// <param name="options">Where and how much.</param>
    /// <param name="kindOptions">The treatment of each kind; asked once a kind.</param>
    /// <param name="time">The clock for intervals and for the dates shown to people.</param>
    /// <param name="logger">Receives failures of the medium and what was found damaged.</param>
    /// <param name="cancellationToken">Gives up opening.</param>
    /// <exception cref="CacheException">
    /// The options are wrong, the directory cannot be used, or another process owns it
    /// (<see cref="CacheErrorKind.Locked"/>).
    /// </exception>
    public static ValueTask<DiskTier> OpenAsync(
        DiskTierOptions options,
        Func<ArtifactKind, KindOptions> kindOptions,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(kindOptions);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        options.Validate();
        cancellationToken.ThrowIfCancellationRequested();
        var tier = new DiskTier(options, kindOptions, time, logger);
        try
        {
            tier.OpenDirectories();
        }
        catch
        {
            tier._ownership?.Dispose();
            tier._temporary.Dispose();
            tier._closing.Dispose();
            throw;
        }

        tier.StartBackground();
        return ValueTask.FromResult(tier);
    }

    /// <summary>The figures of this moment.</summary>
    public TierStatistics GetStatistics()
    {
        lock (_gate)
        {
            return new TierStatistics
            {
                Tier = TierKind.Disk,
                Entries = _index.Count,
                Bytes = _budget.LiveBytes,
                ReservedBytes = _budget.ReservedBytes,
                CapacityBytes = _budget.CapacityBytes,
                MaxEntries = _budget.MaxEntries,
                Errors = Interlocked.Read(ref _errors),
                Kinds = [.. _kindsById.Select(static kind => kind.Snapshot()).OrderBy(static kind => kind.Kind, StringComparer.Ordinal)],
            };
        }
    }

    /// <summary>Lists the entries that the index knows, in no order, as they are when the list comes to them.</summary>
    /// <param name="kind">Only this kind; null for all.</param>
    public IEnumerable<DiskEntry> List(ArtifactKind? kind = null)
    {
        const int Batch = 512;
        var entries = new List<DiskEntry>(Batch);
        for (var slot = 0; ; slot += Batch)
        {
            entries.Clear();
            lock (_gate)
            {
                if (slot >= _index.SlotLimit)
                {
                    yield break;
                }

                for (var i = slot; i < Math.Min(slot + Batch, _index.SlotLimit); i++)
                {
                    AddToList(i, kind, entries);
                }
            }

            foreach (var entry in entries)
            {
                yield return entry;
            }
        }
    }

    /// <summary>
    /// Stops the background work, writes the index out and gives the directory free. Leases stay readable; writers
    /// must have been disposed.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        _work.Writer.TryComplete();
        await _background.ConfigureAwait(false);
        if (IsOwner)
        {
            await ReapAllAsync().ConfigureAwait(false);
            if (Recovered.IsCompletedSuccessfully)
            {
                WriteIndex();
            }
        }

        _handles.Clear();
        _temporary.Dispose();
        _ownership?.Dispose();
        _flushing.Dispose();
        _rescanning.Dispose();
        _closing.Dispose();
    }

    /// <summary>Where the file of an entry's payload is, or would be.</summary>
    internal string PathOf(ArtifactKey key) => _paths.Payload(key);

    /// <summary>The date for people.</summary>
    internal DateTimeOffset UtcNow => _time.GetUtcNow();

    /// <summary>Blocks that a file of this length takes.</summary>
    internal static uint BlocksOf(long fileBytes) =>
        (uint)((fileBytes + DiskSlot.BlockBytes - 1) / DiskSlot.BlockBytes);

    /// <summary>About what an entry of that many payload bytes takes from the capacity.</summary>
    internal static long WeightOf(long payloadBytes) =>
        (BlocksOf(payloadBytes + (Trailer.BlockCount(payloadBytes) * sizeof(uint)) + 512) * (long)DiskSlot.BlockBytes) + DiskSlot.OverheadBytes;

    /// <summary>Counts one failure of the medium.</summary>
    internal void CountError() => Interlocked.Increment(ref _errors);

    /// <summary>A content gave back its last reference and closed its files.</summary>
    internal void OnContentFreed(DiskContent content, long pinnedBytes)
    {
        _open.TryRemove(new KeyValuePair<ArtifactKey, DiskContent>(content.Key, content));
        if (pinnedBytes > 0)
        {
            lock (_gate)
            {
                _budget.PinnedBytes -= pinnedBytes;
            }

            SignalSpace();
        }
    }

    /// <summary>Throws when the internal structures are not sound. For tests.</summary>
    internal void CheckIntegrity()
    {
        lock (_gate)
        {
            _index.CheckIntegrity();
            var live = _kindsById.Sum(static kind => kind.Bytes);
            var entries = _kindsById.Sum(static kind => kind.Entries);
            if (_index.Bytes != _budget.LiveBytes || live != _index.Bytes || entries != _index.Count
                || _dying.Values.Sum() != _budget.DyingBytes || _budget.ReservedBytes < 0 || _budget.PinnedBytes < 0)
            {
                throw new InvalidOperationException(
                    $"The disk tier's sums differ: index {_index.Count}/{_index.Bytes}, kinds {entries}/{live}, budget "
                    + $"{_budget.LiveBytes} live, {_budget.ReservedBytes} reserved, {_budget.DyingBytes} dying, "
                    + $"{_dying.Values.Sum()} listed, {_budget.PinnedBytes} pinned.");
            }
        }
    }

    /// <summary>Closes every file that is only kept open for later readers. For tests.</summary>
    internal void CloseIdleFiles() => _handles.Clear();

    /// <summary>Everything that counts against the capacity now, and the memory that the index takes. For tests and benchmarks.</summary>
    internal (long UsedBytes, long IndexMemoryBytes) GetUse()
    {
        lock (_gate)
        {
            return (_budget.UsedBytes, _index.MemoryBytes);
        }
    }

    // The state of a kind, made on its first use; null when there are too many kinds.
    private DiskKind? KindOf(ArtifactKind kind)
    {
        if (_kinds.TryGetValue(kind.Name, out var known))
        {
            return known;
        }

        if (kind.Name.Length == 0)
        {
            throw new ArgumentException("The default value is no kind.", nameof(kind));
        }

        var options = _kindOptions(kind);
        lock (_gate)
        {
            if (_kinds.TryGetValue(kind.Name, out known))
            {
                return known;
            }

            if (_kindsById.Count >= _options.MaxKinds)
            {
                return null;
            }

            known = new DiskKind(kind, (ushort)_kindsById.Count, options, _paths.Root);
            _kindsById.Add(known);
            _kinds[kind.Name] = known;
            return known;
        }
    }

    private static ulong OwnerHash(string? owner)
    {
        if (owner is null)
        {
            return 0;
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(owner), digest);
        return BitConverter.ToUInt64(digest) | 1;
    }

    private void TickClock() =>
        Volatile.Write(ref _now, (uint)Math.Clamp(_time.GetUtcNow().ToUnixTimeSeconds(), 0, uint.MaxValue));

    private void AddToList(int slot, ArtifactKind? kind, List<DiskEntry> entries)
    {
        ref var entry = ref _index[slot];
        if ((entry.Flags & DiskSlotFlags.Live) == 0 || (kind is { } wanted && _kindsById[entry.Kind].Kind != wanted))
        {
            return;
        }

        var key = new ArtifactKey(_kindsById[entry.Kind].Kind, entry.Fingerprint);
        entries.Add(new DiskEntry(
            key,
            entry.Length,
            entry.Weight,
            _open.TryGetValue(key, out var content) ? content.Metadata.Digest : null,
            DateTimeOffset.FromUnixTimeSeconds(entry.LastUse),
            (entry.Flags & DiskSlotFlags.Raw) != 0 ? DiskForm.Raw : DiskForm.Framed));
    }
}
