using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Larder.Indexer.Caching;

/// <summary>What the analysis of key prefixes has found.</summary>
public sealed record KeyPrefixReport
{
    /// <summary>Lookups since the analysis began.</summary>
    public required long Lookups { get; init; }

    /// <summary>Those of keys without a prefix that counts, or whose prefix was given up.</summary>
    public required long OtherLookups { get; init; }

    /// <summary>Prefixes that were given up because there were too many.</summary>
    public required long DroppedPrefixes { get; init; }

    /// <summary>The prefixes with the most lookups, at most 20; without those that a longer one stands for.</summary>
    public required ImmutableArray<KeyPrefixFigures> Prefixes { get; init; }

    /// <summary>What could be made of it, a sentence each.</summary>
    public required ImmutableArray<string> Hints { get; init; }

    /// <summary>The report as text for people.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Key prefixes: {Lookups:N0} lookups, {OtherLookups:N0} of them of keys without a prefix.\n");
        foreach (var prefix in Prefixes)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {prefix.Prefix,-40} {prefix.Hits,12:N0} hits {prefix.Misses,12:N0} misses {prefix.Keys,10:N0} keys {100 * prefix.HitRatio,6:F1} %\n");
        }

        if (DroppedPrefixes > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {DroppedPrefixes:N0} prefixes with few lookups were given up.\n");
        }

        foreach (var hint in Hints)
        {
            text.Append("  ").Append(hint).Append('\n');
        }

        return text.ToString();
    }
}
