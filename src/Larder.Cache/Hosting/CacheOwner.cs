using Larder.Cache.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Larder.Cache.Hosting;

/// <summary>
/// Opens the one cache of a service provider, when the host starts or when somebody asks first; flushes it when the
/// host stops and closes it with the provider.
/// </summary>
internal sealed class CacheOwner(
    IOptions<LarderOptions> options,
    ILoggerFactory? loggers = null,
    TimeProvider? time = null,
    System.Diagnostics.Metrics.IMeterFactory? meters = null) : IHostedService, IAsyncDisposable, IDisposable
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private Task<TieredCache>? _opening;
    private LarderMeter? _meter;

    /// <summary>
    /// The cache. Dependency injection has no asynchronous factories, so whoever asks before the host has started
    /// waits here until it is open.
    /// </summary>
    public TieredCache Cache => OpenAsync().GetAwaiter().GetResult();

    public Task StartAsync(CancellationToken cancellationToken) => OpenAsync().WaitAsync(cancellationToken);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Current() is not { IsCompletedSuccessfully: true } opened)
        {
            return;
        }

        var cache = await opened.ConfigureAwait(false);
        using var timer = new CancellationTokenSource(options.Value.FlushTimeout, time ?? TimeProvider.System);
        using var joined = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            await cache.FlushAsync(joined.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The host's patience is over; what was committed is on disk, what was queued for others is lost to them.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _meter?.Dispose();
        if (Current() is { } opening)
        {
            await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (opening.IsCompletedSuccessfully)
            {
                await (await opening.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    // For providers that are disposed synchronously.
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private Task<TieredCache>? Current()
    {
        lock (_gate)
        {
            return _opening;
        }
    }

    private Task<TieredCache> OpenAsync()
    {
        lock (_gate)
        {
            // On the thread pool, so that nobody who waits for it in a single-threaded context stands in its way.
            return _opening ??= Task.Run(async () =>
            {
                var cache = await TieredCache.OpenAsync(
                    options.Value.Complete(), time, loggers, CancellationToken.None).ConfigureAwait(false);
                _meter = new LarderMeter(cache, meters, time);
                return cache;
            });
        }
    }
}
