namespace Larder.Fuse.Mounting;

/// <summary>Validates options once, where they are used.</summary>
internal static class OptionsCheck
{
    private const int PageSize = 4096;
    private const int MaxReadLimit = 1024 * 1024;
    private const int MaxThreads = 64;

    internal static FuseMountOptions Check(FuseMountOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.MountPoint);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Threads, MaxThreads);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxReadBytes, PageSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxReadBytes, MaxReadLimit);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.MaxReadBytes % PageSize, 0, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.ReadAheadBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(options.IdleBackings);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.RequestDeadline, TimeSpan.Zero);
        if (options.Source.AsSpan().ContainsAny(" ,\\\n") || options.Subtype.AsSpan().ContainsAny(" ,\\\n."))
        {
            throw new ArgumentException("The source and the subtype of a mount hold no spaces, commas or backslashes.", nameof(options));
        }

        return options with { MountPoint = MountPoint.Resolve(options.MountPoint) };
    }

    internal static int Threads(FuseMountOptions options) =>
        options.Threads > 0 ? options.Threads : Math.Clamp(Environment.ProcessorCount, 2, 4);
}
