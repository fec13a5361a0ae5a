using System.Diagnostics.Metrics;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Larder.Cache.Hosting;

/// <summary>Registers the cache and its adapters.</summary>
public static class LarderServiceCollectionExtensions
{
    /// <summary>
    /// Registers one <see cref="TieredCache"/> with its metrics. It is opened when the host starts, or when it is first
    /// asked for, flushed when the host stops, and closed with the service provider.
    /// </summary>
    /// <param name="services">Where to register.</param>
    /// <param name="configure">Sets the options; may be called again by later calls.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <remarks>
    /// Wrong options stop the host at its start with <see cref="OptionsValidationException"/>. Dispose a provider
    /// without a host with <c>await using</c>.
    /// </remarks>
    public static IServiceCollection AddLarder(this IServiceCollection services, Action<LarderOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<LarderOptions>();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        options.ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LarderOptions>, LarderOptionsCheck>());
        if (services.All(service => service.ServiceType != typeof(CacheOwner)))
        {
            services.AddSingleton(provider => new CacheOwner(
                provider.GetRequiredService<IOptions<LarderOptions>>(),
                provider.GetService<ILoggerFactory>(),
                provider.GetService<TimeProvider>(),
                provider.GetService<IMeterFactory>()));
            services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<CacheOwner>());
            services.AddSingleton(provider => provider.GetRequiredService<CacheOwner>().Cache);
        }

        return services;
    }

    /// <summary>
    /// Registers <see cref="LarderDistributedCache"/> as <see cref="IDistributedCache"/> and
    /// <see cref="IBufferDistributedCache"/>, and the cache below it.
    /// </summary>
    public static IServiceCollection AddLarderDistributedCache(
        this IServiceCollection services, Action<LarderOptions>? configure = null)
    {
        services.AddLarder(configure);
        services.TryAddSingleton(provider => new LarderDistributedCache(
            provider.GetRequiredService<TieredCache>(),
            provider.GetService<TimeProvider>(),
            provider.GetService<ILogger<LarderDistributedCache>>()));
        services.Replace(ServiceDescriptor.Singleton<IDistributedCache>(
            provider => provider.GetRequiredService<LarderDistributedCache>()));
        services.TryAddSingleton<IBufferDistributedCache>(
            provider => provider.GetRequiredService<LarderDistributedCache>());
        return services;
    }

    /// <summary>Registers <see cref="LarderHybridCache"/> as <see cref="HybridCache"/>, and the cache below it.</summary>
    /// <remarks>
    /// Serializers are found as for any <see cref="HybridCache"/>: a registered
    /// <see cref="IHybridCacheSerializer{T}"/>, then each registered <see cref="IHybridCacheSerializerFactory"/>, the
    /// latest first, then System.Text.Json.
    /// </remarks>
    public static IServiceCollection AddLarderHybridCache(
        this IServiceCollection services, Action<LarderOptions>? configure = null)
    {
        services.AddLarder(configure);
        services.TryAddSingleton(provider => new LarderHybridCache(
            provider.GetRequiredService<TieredCache>(),
            provider.GetRequiredService<IOptions<LarderOptions>>().Value,
            provider,
            provider.GetService<TimeProvider>(),
            provider.GetService<ILogger<LarderHybridCache>>()));
        services.Replace(ServiceDescriptor.Singleton<HybridCache>(
            provider => provider.GetRequiredService<LarderHybridCache>()));
        return services;
    }
}
