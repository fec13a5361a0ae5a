using System.Collections.Concurrent;

namespace Larder.Cache.Redis.Streams;

/// <summary>Sources of cancellations that were not needed, for whoever needs one next.</summary>
internal static class SpareSources
{
    private const int Max = 32;

    private static readonly ConcurrentQueue<CancellationTokenSource> Spare = new();
    private static int _count;

    /// <summary>Takes one, or makes one.</summary>
    public static CancellationTokenSource Take()
    {
        if (!Spare.TryDequeue(out var source))
        {
            return new CancellationTokenSource();
        }

        Interlocked.Decrement(ref _count);
        return source;
    }

    /// <summary>Gives one back that nothing is registered with any more; one that was cancelled is disposed.</summary>
    public static void GiveBack(CancellationTokenSource source)
    {
        if (source.TryReset() && Interlocked.Increment(ref _count) is var count)
        {
            if (count <= Max)
            {
                Spare.Enqueue(source);
                return;
            }

            Interlocked.Decrement(ref _count);
        }

        source.Dispose();
    }
}
