using System.Collections.Immutable;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Handlers;
using Larder.Node.Protocols;
using Larder.Oci.Layers;
using Larder.Oci.Manifests;
using Larder.Symbols;

namespace Larder.Node;

/// <summary>What the node's protocols demand of kinds, whatever the configuration says.</summary>
public static class NodeKinds
{
    /// <summary>The configured kinds with what the protocols demand set beside them.</summary>
    /// <param name="configured">Kinds by name, as in <see cref="NodeOptions.Kinds"/>.</param>
    public static ImmutableSortedDictionary<string, KindOptions> Complete(
        ImmutableSortedDictionary<string, KindOptions> configured)
    {
        ArgumentNullException.ThrowIfNull(configured);
        var content = BazelEndpoint.ContentKind.Name;
        var protocols = configured.SetItem(content, configured.GetValueOrDefault(content, new KindOptions()) with { ContentAddressed = true });
        return ManifestKinds.Complete(LayerKinds.Complete(SymbolKinds.Complete(HandlerKinds.Complete(protocols))));
    }

    /// <summary>The treatment of a kind that nobody configured.</summary>
    public static KindOptions DefaultOf(ArtifactKind kind) =>
        kind == BazelEndpoint.ContentKind ? new KindOptions { ContentAddressed = true } : new KindOptions();
}
