using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Tiering;

/// <summary>The kinds that the cache has met, at most as many as the options allow.</summary>
internal sealed class KindTable(CacheOptions options)
{
    private readonly ConcurrentDictionary<string, KindState> _kinds = new(StringComparer.Ordinal);

    /// <summary>The kinds met so far, by name.</summary>
    public IEnumerable<KindState> All => _kinds.Values.OrderBy(static state => state.Kind.Name, StringComparer.Ordinal);

    /// <summary>Finds or adds a kind; false when there are too many already, so that names from outside stay bounded.</summary>
    public bool TryGet(ArtifactKind kind, [NotNullWhen(true)] out KindState? state)
    {
        if (_kinds.TryGetValue(kind.Name, out state))
        {
            return true;
        }

        // Two threads may both pass the check: the bound is on growth from outside, not an exact count.
        if (_kinds.Count >= options.MaxKinds || kind.Name.Length == 0)
        {
            state = null;
            return false;
        }

        state = _kinds.GetOrAdd(kind.Name, static (_, made) => made, new KindState(kind, OptionsOf(kind)));
        return true;
    }

    /// <summary>The options of a kind, met or not.</summary>
    public KindOptions OptionsOf(ArtifactKind kind) => options.Kinds.GetValueOrDefault(kind.Name, options.DefaultKind);
}
