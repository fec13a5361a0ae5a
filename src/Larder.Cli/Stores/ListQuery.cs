using Larder.Cache.Artifacts;

namespace Larder.Cli.Stores;

/// <summary>Which entries to list, and in which order.</summary>
internal sealed record ListQuery
{
    /// <summary>Only this kind; null for all.</summary>
    public ArtifactKind? Kind { get; init; }

    /// <summary>Only fingerprints that begin with these hexadecimal digits.</summary>
    public string Prefix { get; init; } = string.Empty;

    /// <summary>Only payloads of at least so many bytes.</summary>
    public long MinBytes { get; init; }

    /// <summary>Only what was not used for so long.</summary>
    public TimeSpan UnusedFor { get; init; }

    /// <summary>The order.</summary>
    public ListOrder Order { get; init; }

    /// <summary>Whether the order is turned round.</summary>
    public bool Descending { get; init; }

    /// <summary>Most entries of the page.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>Entries to pass over before the page.</summary>
    public long Skip { get; init; }
}
