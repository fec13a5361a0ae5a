using System.Diagnostics.Metrics;
using System.Text;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Cache.Hosting;
using Larder.Cache.Memory;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Larder.Tests.Hosting;

public sealed class AddLarderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("larder-hosting-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private IHost Build(Action<LarderOptions>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddLarder(options => options.Cache = options.Cache with { Disk = new DiskTierOptions { Directory = _directory } });
        builder.Services.AddLarderDistributedCache(configure);
        builder.Services.AddLarderHybridCache();
        return builder.Build();
    }

    [Fact]
    public async Task The_host_opens_one_cache_for_all_and_flushes_and_closes_it()
    {
        TieredCache cache;
        using (var host = Build())
        {
            await host.StartAsync(Token);
            cache = host.Services.GetRequiredService<TieredCache>();
            var distributed = host.Services.GetRequiredService<IDistributedCache>();
            Assert.Same(distributed, host.Services.GetRequiredService<IBufferDistributedCache>());
            Assert.Same(cache, host.Services.GetRequiredService<TieredCache>());
            await distributed.SetAsync("k", Encoding.UTF8.GetBytes("v"), new(), Token);
            var made = await host.Services.GetRequiredService<HybridCache>()
                .GetOrCreateAsync("k", _ => ValueTask.FromResult(5), cancellationToken: Token);
            Assert.Equal(5, made);
            await host.StopAsync(Token);
            await ((IAsyncDisposable)host.Services).DisposeAsync();
        }

        using var again = Build();
        Assert.Equal("v", await again.Services.GetRequiredService<IDistributedCache>().GetStringAsync("k", Token));
        await ((IAsyncDisposable)again.Services).DisposeAsync();
    }

    [Fact]
    public async Task Wrong_options_stop_the_host_with_a_sentence()
    {
        using var host = Build(options =>
        {
            options.Cache = options.Cache with { MaxKinds = 0 };
            options.HybridExpiration = TimeSpan.Zero;
        });

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));

        Assert.Contains(failure.Failures, sentence => sentence.Contains("MaxKinds", StringComparison.Ordinal));
        Assert.Contains(failure.Failures, sentence => sentence.Contains("HybridExpiration", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cache_that_cannot_be_opened_stops_the_host()
    {
        var file = Path.Combine(_directory, "file");
        await File.WriteAllTextAsync(file, "in the way", Token);
        using var host = Build(options => options.Cache = options.Cache with { Disk = new DiskTierOptions { Directory = file } });

        await Assert.ThrowsAsync<CacheException>(() => host.StartAsync(Token));
    }

    [Fact]
    public async Task Without_a_host_the_cache_opens_when_it_is_asked_for()
    {
        await using var services = new ServiceCollection()
            .AddLarder(options => options.Cache = new CacheOptions { Memory = new MemoryTierOptions { CapacityBytes = 1 << 20 } })
            .AddLarder()
            .BuildServiceProvider();

        var cache = services.GetRequiredService<TieredCache>();

        Assert.Equal(1 << 20, cache.Memory!.CapacityBytes);
        Assert.Single(services.GetServices<IHostedService>());
    }

    [Fact]
    public async Task Metrics_are_those_of_the_cache()
    {
        await using var services = new ServiceCollection().AddMetrics().AddLarderHybridCache().BuildServiceProvider();
        var hybrid = services.GetRequiredService<HybridCache>();
        await hybrid.GetOrCreateAsync("k", _ => ValueTask.FromResult(1), cancellationToken: Token);
        await hybrid.GetOrCreateAsync("k", _ => ValueTask.FromResult(1), cancellationToken: Token);
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "Larder.Cache" && instrument.Meter.Scope == services.GetRequiredService<IMeterFactory>())
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var labels = string.Join(",", tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
            seen[$"{instrument.Name}{{{labels}}}"] = value;
        });
        listener.Start();

        listener.RecordObservableInstruments();

        Assert.Equal(1, seen["larder.cache.lookups{kind=hybrid-cache,outcome=memory}"]);
        Assert.Equal(1, seen["larder.cache.lookups{kind=hybrid-cache,outcome=fill}"]);
        Assert.Equal(1, seen["larder.tier.entries{tier=memory,kind=hybrid-cache}"]);
        Assert.Equal(0, seen["larder.tier.reserved{tier=memory}"]);
        Assert.All(seen.Keys, name => Assert.StartsWith("larder.", name, StringComparison.Ordinal));
    }
}
