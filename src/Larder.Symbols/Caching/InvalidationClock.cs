namespace Larder.Symbols.Caching;

/// <summary>
/// Tells whether a module was invalidated since a moment. A moment is a number that rises with every invalidation; modules
/// share places, so that a sound entry may be taken for an outdated one, and never the other way round.
/// </summary>
internal sealed class InvalidationClock
{
    private const int Places = 4096;

    private readonly long[] _last = new long[Places];
    private long _now;
    private long _cleared;

    public long Now => Volatile.Read(ref _now);

    /// <summary>Marks a module. What is looked up or begun from now on is of after it.</summary>
    public void Invalidate(ModuleId module)
    {
        ref var place = ref _last[module.GetHashCode() & (Places - 1)];
        Raise(ref place, Interlocked.Increment(ref _now));
    }

    /// <summary>Marks every module.</summary>
    public void InvalidateAll() => Raise(ref _cleared, Interlocked.Increment(ref _now));

    /// <summary>Whether what was begun at <paramref name="moment"/> may be outdated.</summary>
    public bool IsOutdated(ModuleId module, long moment) =>
        Volatile.Read(ref _last[module.GetHashCode() & (Places - 1)]) > moment || Volatile.Read(ref _cleared) > moment;

    private static void Raise(ref long place, long now)
    {
        for (var seen = Volatile.Read(ref place); seen < now;)
        {
            var found = Interlocked.CompareExchange(ref place, now, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }
}
