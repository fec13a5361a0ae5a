namespace Larder.Cache.Disk;

/// <summary>Holds a reader on its own thread to a number of bytes a second. For one thread.</summary>
internal sealed class ReadThrottle(long bytesPerSecond, TimeProvider time, CancellationToken cancellationToken)
{
    private const int LongestSleepMilliseconds = 1000;

    private readonly long _started = time.GetTimestamp();
    private long _bytes;

    /// <summary>Counts what was read, and waits as long as it was too fast.</summary>
    public void Spend(int bytes)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (bytesPerSecond <= 0)
        {
            return;
        }

        _bytes += bytes;
        var due = TimeSpan.FromSeconds((double)_bytes / bytesPerSecond) - time.GetElapsedTime(_started);
        if (due > TimeSpan.Zero)
        {
            cancellationToken.WaitHandle.WaitOne((int)Math.Min(due.TotalMilliseconds + 1, LongestSleepMilliseconds));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
