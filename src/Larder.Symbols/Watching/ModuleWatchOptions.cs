namespace Larder.Symbols.Watching;

/// <summary>How modules are watched.</summary>
public sealed record ModuleWatchOptions
{
    /// <summary>
    /// A file is looked at when nothing was written to it for so long, so that a compiler is not met in the middle. Default 100 ms.
    /// </summary>
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Every file is looked at as often, because file systems may not tell of changes. Default 10 seconds; zero for never.
    /// </summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most changes that wait to be read. Older ones are dropped then. Default 1,024.</summary>
    public int MaxPendingChanges { get; init; } = 1024;
}
