using Larder.Cache.Artifacts;

namespace Larder.Cache.Disk;

/// <summary>Which entries are meant: those that meet every condition that is set.</summary>
public sealed record DiskFilter
{
    /// <summary>Only this kind; null for all.</summary>
    public ArtifactKind? Kind { get; init; }

    /// <summary>Only entries of this owner; null for all.</summary>
    public string? Owner { get; init; }

    /// <summary>Only fingerprints that begin with these lower-case hexadecimal digits. Default none.</summary>
    public string Prefix { get; init; } = string.Empty;

    /// <summary>Only payloads of at least so many bytes. Default 0.</summary>
    public long MinBytes { get; init; }

    /// <summary>Only entries that were last used at this time or before, to the second; null for all.</summary>
    public DateTimeOffset? UsedBefore { get; init; }

    /// <summary>Whether the entry meets the conditions, that of the owner aside.</summary>
    internal bool Matches(in DiskEntry entry)
    {
        if (entry.Length < MinBytes || (UsedBefore is { } limit && entry.LastUsedAt > limit))
        {
            return false;
        }

        if (Prefix.Length == 0)
        {
            return true;
        }

        Span<char> text = stackalloc char[Fingerprints.Fingerprint.TextLength];
        entry.Key.Fingerprint.TryFormat(text, out _);
        return ((ReadOnlySpan<char>)text).StartsWith(Prefix, StringComparison.Ordinal);
    }
}
