namespace Larder.Symbols.Caching;

/// <summary>
/// Looks after every full garbage collection whether memory is short, and lets the caches give up a fifth if so. An object
/// without a reference does it: its finalizer runs after the collection and registers it again.
/// </summary>
internal sealed class PressureWatch
{
    private readonly WeakReference<SymbolCache> _cache;
    private readonly Func<(long Load, long High)> _memory;
    private bool _stopped;

    private PressureWatch(SymbolCache cache, Func<(long Load, long High)> memory)
    {
        _cache = new WeakReference<SymbolCache>(cache);
        _memory = memory;
    }

    /// <summary>Begins to look.</summary>
    public static PressureWatch Start(SymbolCache cache, Func<(long Load, long High)>? memory = null)
    {
        var watch = new PressureWatch(cache, memory ?? ReadMemory);
        _ = new Sentinel(watch);
        return watch;
    }

    public void Stop() => Volatile.Write(ref _stopped, true);

    /// <summary>Looks once; whether it goes on.</summary>
    internal bool Look()
    {
        if (Volatile.Read(ref _stopped) || !_cache.TryGetTarget(out var cache))
        {
            return false;
        }

        var (load, high) = _memory();
        if (high > 0 && load >= high)
        {
            cache.Trim(cache.EstimateMemoryUsage() / 5);
        }

        return true;
    }

    private static (long Load, long High) ReadMemory()
    {
        var info = GC.GetGCMemoryInfo(GCKind.Any);
        return (info.MemoryLoadBytes, info.HighMemoryLoadThresholdBytes);
    }

    private sealed class Sentinel(PressureWatch watch)
    {
        ~Sentinel()
        {
            if (!Environment.HasShutdownStarted && watch.Look())
            {
                GC.ReRegisterForFinalize(this);
            }
        }
    }
}
