using Larder.Indexer.Engines;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.State;

/// <summary>A store on one of the two engines, with a directory of its own where it needs one.</summary>
internal sealed class StoreEngine : IDisposable
{
    private readonly bool _onDisk;

    public StoreEngine(bool onDisk)
    {
        _onDisk = onDisk;
        if (onDisk)
        {
            RequireRocks();
        }
    }

    /// <summary>The directory of a store on disk.</summary>
    public string Directory { get; } = Path.Combine(
        System.IO.Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), "larder-index-" + Path.GetRandomFileName());

    /// <summary>The engine of a store in memory, which outlives the store.</summary>
    public MemoryStore Memory { get; set; } = new();

    /// <summary>Skips the test where the library is not installed; in CI that is a failure.</summary>
    public static void RequireRocks()
    {
        const string Missing = "RocksDB is not installed (Debian: librocksdb7.8); './test' installs it.";
        Assert.False(!RocksLibrary.IsInstalled && Environment.GetEnvironmentVariable("CI") == "true", Missing);
        Assert.SkipUnless(RocksLibrary.IsInstalled, Missing);
    }

    public IndexStore Open(IndexStoreOptions options) => _onDisk ? IndexStore.Open(Directory, options) : IndexStore.On(Memory, options.Validated());

    public void Dispose()
    {
        if (System.IO.Directory.Exists(Directory))
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }
}
