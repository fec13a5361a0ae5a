using System.Collections.Immutable;

namespace Larder.Cache;

/// <summary>How a <see cref="TieredCache"/> is put together. Validated once, when the cache is opened.</summary>
public sealed record CacheOptions
{
    /// <summary>Treatment of kinds, by name. Kinds that are not listed get <see cref="DefaultKind"/>.</summary>
    public ImmutableSortedDictionary<string, KindOptions> Kinds { get; init; } =
        ImmutableSortedDictionary<string, KindOptions>.Empty;

    /// <summary>Treatment of kinds that are not listed.</summary>
    public KindOptions DefaultKind { get; init; } = new();

    /// <summary>Most kinds that may come to exist, so that names from outside cannot grow memory. Default 256.</summary>
    public int MaxKinds { get; init; } = 256;
}
