namespace Larder.Fuse.Serving;

/// <summary>How long the kernel may keep what it is told, as the protocol has it.</summary>
internal readonly struct CacheTimes
{
    internal CacheTimes(FuseMountOptions options)
    {
        (EntrySeconds, EntryNanoseconds) = Split(options.EntryTtl);
        (AttributeSeconds, AttributeNanoseconds) = Split(options.AttributesTtl);
        (NegativeSeconds, NegativeNanoseconds) = Split(options.NegativeTtl);
    }

    internal ulong EntrySeconds { get; }

    internal uint EntryNanoseconds { get; }

    internal ulong AttributeSeconds { get; }

    internal uint AttributeNanoseconds { get; }

    internal ulong NegativeSeconds { get; }

    internal uint NegativeNanoseconds { get; }

    internal bool NegativeIsZero => NegativeSeconds == 0 && NegativeNanoseconds == 0;

    private static (ulong Seconds, uint Nanoseconds) Split(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);

        return ((ulong)(time.Ticks / TimeSpan.TicksPerSecond), (uint)(time.Ticks % TimeSpan.TicksPerSecond * 100));
    }
}
