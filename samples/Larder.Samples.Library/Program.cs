using System.IO.Compression;
using System.Text;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using Larder.Cache.Hosting;
using Larder.Cache.Memory;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// Run it twice: the second run finds on disk what the first one made.
var directory = args.Length > 0 ? args[0] : Path.Combine(Path.GetTempPath(), "larder-sample");

var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
builder.Services.AddLarder(options => options.Cache = new CacheOptions
{
    Memory = new MemoryTierOptions { CapacityBytes = 64 * 1024 * 1024 },
    Disk = new DiskTierOptions { Directory = directory, CapacityBytes = 1024L * 1024 * 1024 },
});
builder.Services.AddLarderDistributedCache();
builder.Services.AddLarderHybridCache();

using var host = builder.Build();
await host.StartAsync();

await UseArtifactsAsync(host.Services.GetRequiredService<TieredCache>());
await UseDistributedCacheAsync(host.Services.GetRequiredService<IDistributedCache>());
await UseHybridCacheAsync(host.Services.GetRequiredService<HybridCache>());

await host.StopAsync();
await ((IAsyncDisposable)host.Services).DisposeAsync();

// An artifact: immutable bytes, named by everything that can change them, made at most once.
static async Task UseArtifactsAsync(TieredCache cache)
{
    var source = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("some source text, ", 50_000)));
    var recipe = Recipe.For(ArtifactKind.Parse("compressed"), formatVersion: 1)
        .AddDigestOf("source", source)
        .Add("level", "smallest")
        .Build();

    using var lease = await cache.GetOrFillAsync(recipe, source, static async (source, target, token) =>
    {
        using var packed = new MemoryStream();
        await using (var brotli = new BrotliStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await brotli.WriteAsync(source, token);
        }

        await target.WriteAsync(packed.GetBuffer().AsMemory(0, (int)packed.Length), token);
        return ArtifactWriter.AsWritten;
    });

    Console.WriteLine($"artifact: {lease.Metadata.Length} bytes, from {lease.Source}, made in {lease.Metadata.Cost.TotalMilliseconds:0} ms");

    // What would another level have changed? The recipe log says why it is not there.
    var other = Recipe.For(ArtifactKind.Parse("compressed"), 1).AddDigestOf("source", source).Add("level", "fastest").Build();
    Console.WriteLine($"explained: {cache.Recipes.Explain(other)}");
}

static async Task UseDistributedCacheAsync(IDistributedCache cache)
{
    var before = await cache.GetStringAsync("visits") ?? "0";
    var visits = int.Parse(before, System.Globalization.CultureInfo.InvariantCulture) + 1;
    await cache.SetStringAsync(
        "visits", $"{visits}", new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromHours(1) });
    Console.WriteLine($"distributed cache: run {visits}");
}

static async Task UseHybridCacheAsync(HybridCache cache)
{
    var made = 0;
    var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => cache.GetOrCreateAsync(
        "weather:rome",
        async token =>
        {
            Interlocked.Increment(ref made);
            await Task.Delay(50, token);
            return new Weather("Rome", 31);
        },
        new HybridCacheEntryOptions { Expiration = TimeSpan.FromSeconds(30) },
        tags: ["weather"]).AsTask()));
    Console.WriteLine($"hybrid cache: {answers[0]}; 100 callers, {made} made it");
    await cache.RemoveByTagAsync("weather");
}

internal sealed record Weather(string City, int Celsius);
