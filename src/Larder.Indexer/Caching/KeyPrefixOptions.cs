namespace Larder.Indexer.Caching;

/// <summary>What the analysis of key prefixes looks at.</summary>
public sealed record KeyPrefixOptions
{
    /// <summary>Longest prefix that may be asked for.</summary>
    internal const int LongestPrefix = 256;

    /// <summary>Shortest prefix that counts, in bytes; from 1. Default 8.</summary>
    public int MinLength { get; init; } = 8;

    /// <summary>Longest prefix that counts, in bytes; up to 256. Default 64.</summary>
    public int MaxLength { get; init; } = 64;

    /// <summary>How many different keys a prefix must have to be reported. Default 3.</summary>
    public int MinKeys { get; init; } = 3;

    /// <summary>So many prefixes are kept; when there are more the half with the fewest lookups goes. Default 4,096.</summary>
    public int MaxPrefixes { get; init; } = 4096;

    internal void Validate()
    {
        if (MinLength < 1 || MaxLength < MinLength || MaxLength > LongestPrefix || MinKeys < 1 || MaxPrefixes is < 2 or > 1_000_000)
        {
            throw new IndexerException(
                IndexerErrorKind.Configuration,
                $"Key prefixes of {MinLength} to {MaxLength} bytes with {MinKeys} keys, at most {MaxPrefixes}, cannot be analysed: lengths are from 1 to {LongestPrefix}, keys from 1, prefixes from 2 to 1000000.");
        }
    }
}
