namespace Larder.Indexer.Engines;

/// <summary>The options that a database is opened with; kept until it is closed.</summary>
/// <remarks>
/// Indexes and filters live in the block cache, in parts, so that memory does not grow with the store. The log is kept as
/// short as the memtables, so that opening after a crash replays little. Values are compressed with LZ4; pages are hashes,
/// which nothing makes smaller.
/// </remarks>
internal sealed class RocksOptions : IDisposable
{
    private const int TableFormat = 5;
    private const double BloomBitsPerKey = 10;
    private const double MemtableBloomRatio = 0.05;
    private const int MaxOpenFiles = 1024;
    private const ulong FileBytes = 32 << 20;
    private const ulong LevelBytes = 128 << 20;

    // Every block makes a small file of each family, and merging these with the level below costs by what is there: so it is
    // done for twice as many as the engine would wait for. A read asks their filters.
    private const int FirstLevelFiles = 8;
    private const int InfoLogBytes = 1 << 20;

    private readonly nint[] _families = new nint[OrderedStore.FamilyCount];

    public RocksOptions(in RocksSettings settings, bool readOnly)
    {
        Cache = RocksLibrary.Made(RocksNative.CreateCache((nuint)settings.BlockCacheBytes));
        foreach (var family in OrderedStore.Families)
        {
            _families[(int)family] = CreateFamily(family, settings, readOnly);
        }
    }

    /// <summary>The cache of blocks, shared by all families.</summary>
    public nint Cache { get; private set; }

    /// <summary>Options of the database.</summary>
    public nint Database => _families[0];

    /// <summary>Options of each family, in their order.</summary>
    public ReadOnlySpan<nint> Families => _families;

    /// <inheritdoc/>
    public void Dispose()
    {
        for (var i = 0; i < _families.Length; i++)
        {
            if (_families[i] != 0)
            {
                RocksNative.DestroyOptions(_families[i]);
                RocksLibrary.Released();
                _families[i] = 0;
            }
        }

        if (Cache != 0)
        {
            RocksNative.DestroyCache(Cache);
            RocksLibrary.Released();
            Cache = 0;
        }
    }

    private nint CreateFamily(StoreFamily family, in RocksSettings settings, bool readOnly)
    {
        var options = RocksLibrary.Made(RocksNative.CreateOptions());
        RocksNative.SetCreateIfMissing(options, readOnly ? (byte)0 : (byte)1);
        RocksNative.SetCreateMissingFamilies(options, readOnly ? (byte)0 : (byte)1);

        // Half of the memory fills while the other half is written to files.
        RocksNative.SetTotalMemtableSize(options, (nuint)(settings.MemtableBytes / 2));
        RocksNative.SetMemtableSize(options, (nuint)(settings.MemtableBytes / 2));
        RocksNative.SetMemtableCount(options, 2);
        RocksNative.SetArenaBlockSize(options, 256 << 10);
        RocksNative.SetTotalLogSize(options, (ulong)settings.MemtableBytes);
        RocksNative.SetLogRecovery(options, RocksNative.PointInTimeRecovery);
        RocksNative.SetSkipStatisticsOnOpen(options, 1);

        // Files that a writer removes meanwhile can still be read by who has opened them all.
        RocksNative.SetOpenFiles(options, readOnly ? -1 : MaxOpenFiles);
        RocksNative.SetBackgroundJobs(options, Math.Clamp(Environment.ProcessorCount, 2, 4));
        RocksNative.SetLogLevel(options, RocksNative.LogWarnings);
        RocksNative.SetKeptInfoLogs(options, 2);
        RocksNative.SetInfoLogSize(options, InfoLogBytes);
        RocksNative.SetStatisticsPeriod(options, 0);
        RocksNative.SetKeptStatisticsPeriod(options, 0);
        RocksNative.SetBytesPerSync(options, 1 << 20);
        RocksNative.SetDynamicLevels(options, 1);
        RocksNative.SetFileSize(options, FileBytes);
        RocksNative.SetLevelSize(options, LevelBytes);
        RocksNative.SetMemtableBloom(options, MemtableBloomRatio);
        RocksNative.SetMemtableBloomOfKeys(options, 1);
        RocksNative.SetCompression(options, family == StoreFamily.Pages ? RocksNative.NoCompression : RocksNative.Lz4Compression);
        RocksNative.SetFirstLevelTrigger(options, FirstLevelFiles);
        SetTable(options);
        return options;
    }

    private void SetTable(nint options)
    {
        var table = RocksNative.CreateTable();
        RocksNative.SetTableFormat(table, TableFormat);
        RocksNative.SetBlockCache(table, Cache);
        RocksNative.SetFilter(table, RocksNative.CreateBloom(BloomBitsPerKey));
        RocksNative.SetIndex(table, RocksNative.TwoLevelIndex);
        RocksNative.SetPartitionedFilters(table, 1);
        RocksNative.SetCachedIndexes(table, 1);
        RocksNative.SetPreferredIndexes(table, 1);
        RocksNative.SetTable(options, table);
        RocksNative.DestroyTable(table);
    }
}
