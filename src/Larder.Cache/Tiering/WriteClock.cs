using Larder.Cache.Artifacts;

namespace Larder.Cache.Tiering;

/// <summary>
/// Counts the commits and removals of each key, many keys sharing a counter. Whoever copies an artifact from one tier
/// to another compares the count before and after, and takes the copy back when something changed in between.
/// </summary>
internal sealed class WriteClock
{
    private const int Counters = 1024;

    private readonly long[] _counts = new long[Counters];

    /// <summary>The count of <paramref name="key"/> now.</summary>
    public long Current(ArtifactKey key) => Volatile.Read(ref CounterOf(key));

    /// <summary>Counts one change.</summary>
    public void Advance(ArtifactKey key) => Interlocked.Increment(ref CounterOf(key));

    /// <summary>Counts a change of every key.</summary>
    public void AdvanceAll()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            Interlocked.Increment(ref _counts[i]);
        }
    }

    private ref long CounterOf(ArtifactKey key) => ref _counts[key.GetHashCode() & (Counters - 1)];
}
