using System.Text;
using Larder.Cache.Policy;
using Larder.Symbols.Details;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Symbols.Caching;

/// <summary>
/// The four typed caches over modules: symbols, types, functions and constants, each with its own size and policy, within one
/// limit of memory. Safe for many threads.
/// </summary>
public sealed class SymbolCache : IDisposable
{
    /// <summary>Constants with values of so many bytes, as UTF-8, or more are not cached.</summary>
    public const int LargeConstantBytes = 1024;

    private static readonly int[] Shares = [40, 20, 30, 10];

    private readonly SymbolCacheOptions _options;
    private readonly InvalidationClock _clock = new();
    private readonly CacheWatch[] _watches;
    private readonly ILogger _logger;
    private readonly PressureWatch? _pressure;
    private readonly DeadEntries? _dead;
    private long _limit;

    /// <summary>Creates the caches.</summary>
    /// <exception cref="SymbolsException">An option is out of range.</exception>
    public SymbolCache(SymbolCacheOptions? options = null, ILogger? logger = null, TimeProvider? time = null)
    {
        options ??= new SymbolCacheOptions();
        options.Validate();
        _options = options;
        _logger = logger ?? NullLogger.Instance;
        _limit = options.MemoryLimitBytes;
        _dead = options.CollectsDeadEntries ? new DeadEntries() : null;
        _dead?.SetLimit(_limit);
        _watches = [.. Shares.Select(_ => new CacheWatch(options.AdviceLookups, time ?? TimeProvider.System, _logger))];
        Symbols = Make<SymbolData>(
            SymbolCacheKind.Symbols, options.SymbolEntries, options.SymbolPolicy,
            static (_, data) => SymbolWeight.Of(data), static data => data.Kind, ShouldCache);
        Types = Make<TypeData>(
            SymbolCacheKind.Types, options.TypeEntries, options.TypePolicy,
            static (key, data) => SymbolWeight.Of(key.Id) + SymbolWeight.Of(data), static _ => SymbolKind.Type, ShouldCache);
        Functions = Make<FunctionData>(
            SymbolCacheKind.Functions, options.FunctionEntries, options.FunctionPolicy,
            static (key, data) => SymbolWeight.Of(key.Id) + SymbolWeight.Of(data), static _ => SymbolKind.Function, static _ => true);
        Constants = Make<ConstantData>(
            SymbolCacheKind.Constants, options.ConstantEntries, options.ConstantPolicy,
            static (key, data) => SymbolWeight.Of(key.Id) + SymbolWeight.Of(data), static _ => SymbolKind.Constant, ShouldCache);
        _pressure = options.YieldsToPressure ? PressureWatch.Start(this) : null;
    }

    /// <summary>Whole symbols.</summary>
    public TypedSymbolCache<SymbolData> Symbols { get; }

    /// <summary>What is particular to types.</summary>
    public TypedSymbolCache<TypeData> Types { get; }

    /// <summary>What is particular to functions.</summary>
    public TypedSymbolCache<FunctionData> Functions { get; }

    /// <summary>What is particular to constants.</summary>
    public TypedSymbolCache<ConstantData> Constants { get; }

    /// <summary>Most memory of all four, in bytes.</summary>
    public long MemoryLimitBytes => Volatile.Read(ref _limit);

    /// <summary>Most symbols of a prefetch that are made at a time.</summary>
    public int PrefetchParallelism => _options.PrefetchParallelism;

    /// <summary>
    /// The rules of the cache: functions and fields always, types with a constructor, constants of less than
    /// <see cref="LargeConstantBytes"/>, modules never.
    /// </summary>
    public static bool ShouldCache(SymbolData symbol)
    {
        ArgumentNullException.ThrowIfNull(symbol);
        return symbol.Kind switch
        {
            SymbolKind.Type => symbol.Type is { } type && ShouldCache(type),
            SymbolKind.Constant => symbol.Constant is not { } constant || ShouldCache(constant),
            SymbolKind.Module => false,
            _ => true,
        };
    }

    /// <summary>Removes everything of a module, and what was resolved through others and found in it.</summary>
    /// <returns>How many entries went.</returns>
    public int InvalidateModule(ModuleId module)
    {
        ArgumentNullException.ThrowIfNull(module);
        _clock.Invalidate(module);
        return Symbols.Invalidate(module) + Types.Invalidate(module) + Functions.Invalidate(module) + Constants.Invalidate(module);
    }

    /// <summary>What all entries take in memory, in bytes: objects, texts and the maps' own.</summary>
    public long EstimateMemoryUsage() => Symbols.Bytes + Types.Bytes + Functions.Bytes + Constants.Bytes;

    /// <summary>Sets the limit of memory, and lets go what was used least until it holds.</summary>
    /// <exception cref="SymbolsException">The limit is below 64 KiB.</exception>
    public void EnforceMemoryLimit(long limitBytes)
    {
        (_options with { MemoryLimitBytes = limitBytes }).Validate();
        Volatile.Write(ref _limit, limitBytes);
        _dead?.SetLimit(limitBytes);
        Symbols.ResizeBytes(ShareOf(SymbolCacheKind.Symbols));
        Types.ResizeBytes(ShareOf(SymbolCacheKind.Types));
        Functions.ResizeBytes(ShareOf(SymbolCacheKind.Functions));
        Constants.ResizeBytes(ShareOf(SymbolCacheKind.Constants));
    }

    /// <summary>Gives every cache the same number of entries, and keeps those that were used last.</summary>
    public void Resize(long maxEntries)
    {
        Symbols.Resize(maxEntries);
        Types.Resize(maxEntries);
        Functions.Resize(maxEntries);
        Constants.Resize(maxEntries);
    }

    /// <summary>Frees about so many bytes, from every cache in proportion; returns how many.</summary>
    public long Trim(long bytes)
    {
        var all = Math.Max(1, EstimateMemoryUsage());
        long Part(long held) => (long)Math.Ceiling((double)bytes * held / all);
        var freed = Symbols.Trim(Part(Symbols.Bytes)) + Types.Trim(Part(Types.Bytes))
            + Functions.Trim(Part(Functions.Bytes)) + Constants.Trim(Part(Constants.Bytes));
        Log.Trimmed(_logger, freed, EstimateMemoryUsage());
        return freed;
    }

    /// <summary>Removes everything, and lets the figures begin anew; returns how many entries went.</summary>
    public int Clear()
    {
        _clock.InvalidateAll();
        var gone = Symbols.Clear() + Types.Clear() + Functions.Clear() + Constants.Clear();
        _watches[0].Clear(Symbols);
        _watches[1].Clear(Types);
        _watches[2].Clear(Functions);
        _watches[3].Clear(Constants);
        return gone;
    }

    /// <summary>What each of the four did and holds.</summary>
    public IReadOnlyList<SymbolCacheStatistics> GetStatistics() =>
        [Symbols.GetStatistics(), Types.GetStatistics(), Functions.GetStatistics(), Constants.GetStatistics()];

    /// <inheritdoc/>
    public void Dispose() => _pressure?.Stop();

    internal void CheckIntegrity()
    {
        Symbols.CheckIntegrity();
        Types.CheckIntegrity();
        Functions.CheckIntegrity();
        Constants.CheckIntegrity();
    }

    private static bool ShouldCache(TypeData type) => !type.Constructors.IsDefaultOrEmpty;

    private static bool ShouldCache(ConstantData constant) => Encoding.UTF8.GetByteCount(constant.Value) < LargeConstantBytes;

    private long ShareOf(SymbolCacheKind kind) =>
        MemoryLimitBytes / 100 * (_dead is null ? 100 : DeadEntries.LiveShare) / 100 * Shares[(int)kind];

    private TypedSymbolCache<TData> Make<TData>(
        SymbolCacheKind cache,
        long entries,
        EvictionPolicyKind? policy,
        Func<SymbolKey, TData, long> weigh,
        Func<TData, SymbolKind> kindOf,
        Func<TData, bool> rule)
        where TData : class
    {
        var own = _options.Rule;
        bool Admits(SymbolKey key, TData data, long bytes) =>
            own?.Invoke(new SymbolCandidate(key, cache, kindOf(data), bytes)) ?? rule(data);
        return new TypedSymbolCache<TData>(
            cache, (entries, ShareOf(cache), policy ?? _options.Policy), _clock, weigh, Admits, _watches[(int)cache], _dead);
    }
}
