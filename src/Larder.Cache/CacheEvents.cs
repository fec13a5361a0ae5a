using Larder.Cache.Fingerprints;

namespace Larder.Cache;

/// <summary>
/// What a cache tells those who watch it: a dashboard, a log. Called outside of every lock, on the thread that did the
/// work, so a listener must be quick and must not throw. Safe to set while the cache is in use.
/// </summary>
public sealed class CacheEvents
{
    /// <summary>An entry left a tier.</summary>
    public Action<EntryRemoved>? Removed { get; set; }

    /// <summary>An artifact with a recipe was found in no tier, and why that may be.</summary>
    public Action<MissExplanation>? Missed { get; set; }
}
