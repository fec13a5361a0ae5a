using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Cache.Hosting;
using Larder.Cache.Memory;
using Larder.Tests.Support;

namespace Larder.Tests.Hosting;

/// <summary>Caches for the adapters over one temporary directory, under a clock that is moved by hand.</summary>
internal sealed class AdapterFixture : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("larder-adapters-").FullName;
    private readonly List<IAsyncDisposable> _open = [];

    public ManualTimeProvider Time { get; } = new();

    public string KindDirectory(string kind) => Path.Combine(_directory, kind);

    /// <summary>Opens a cache; a second call is a restart of the process once the first is closed.</summary>
    public async Task<TieredCache> OpenAsync(bool memory = true, bool disk = true)
    {
        var options = new LarderOptions
        {
            Cache = new CacheOptions
            {
                Memory = memory ? new MemoryTierOptions { CapacityBytes = 64 * 1024 * 1024 } : null,
                Disk = disk ? new DiskTierOptions { Directory = _directory } : null,
            },
        };
        var cache = await TieredCache.OpenAsync(options.Complete(), Time);
        _open.Add(cache);
        return cache;
    }

    /// <summary>Closes what is open, as the end of a process does.</summary>
    public async Task CloseAsync()
    {
        foreach (var cache in _open)
        {
            await cache.DisposeAsync();
        }

        _open.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
