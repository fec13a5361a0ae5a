namespace Larder.Symbols.Caching;

/// <summary>Says of every so many calls of a thread that it is one to measure.</summary>
internal static class Sampling
{
    [ThreadStatic]
    private static int _calls;

    public static bool IsDue(int every)
    {
        if (++_calls < every)
        {
            return false;
        }

        _calls = 0;
        return true;
    }
}
