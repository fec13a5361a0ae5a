namespace Larder.Indexer.Caching;

/// <summary>Lookups of the keys with one prefix.</summary>
/// <param name="Prefix">The prefix: digits, letters and slashes, the last one being a slash.</param>
/// <param name="Hits">Lookups that found an entry.</param>
/// <param name="Misses">Lookups that did not.</param>
/// <param name="Keys">Different keys: exact up to 64, beyond that within some 6 %.</param>
public sealed record KeyPrefixFigures(string Prefix, long Hits, long Misses, long Keys)
{
    /// <summary>All lookups.</summary>
    public long Lookups => Hits + Misses;

    /// <summary>Hits in lookups, from 0 to 1.</summary>
    public double HitRatio => Lookups == 0 ? 0 : (double)Hits / Lookups;
}
