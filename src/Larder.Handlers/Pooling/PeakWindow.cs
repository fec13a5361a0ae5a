namespace Larder.Handlers.Pooling;

/// <summary>The most that was in use at once within a window that slides in eighths. Not thread safe.</summary>
internal sealed class PeakWindow(long window)
{
    private const int Parts = 8;

    private readonly int[] _peaks = new int[Parts];
    private long _part;

    /// <summary>Takes what is in use now.</summary>
    public void Note(int inUse) => _peaks[_part % Parts] = Math.Max(_peaks[_part % Parts], inUse);

    /// <summary>The peak of the window that ends now.</summary>
    public int Read(int inUse, long now)
    {
        // What is noted between two looks counts for the part of the first one.
        var part = now / Math.Max(1, window / Parts);
        for (var passed = Math.Min(part - _part, Parts); passed > 0; passed--)
        {
            _peaks[(part - passed + 1) % Parts] = 0;
        }

        _part = Math.Max(_part, part);
        Note(inUse);
        return _peaks.Max();
    }
}
