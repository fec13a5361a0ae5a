using System.Collections.Immutable;
using Larder.Cache;
using Larder.Cache.Artifacts;

namespace Larder.Symbols;

/// <summary>How a cache has to treat what symbols keep in it.</summary>
public static class SymbolKinds
{
    /// <summary>Symbol tables, by the content of their modules. Machines share them.</summary>
    public static ArtifactKind Table { get; } = ArtifactKind.Parse("symbol-table");

    /// <summary>Which content the files of a folder had, by their stamps. Of this machine alone.</summary>
    public static ArtifactKind Folder { get; } = ArtifactKind.Parse("symbol-folder");

    /// <summary>
    /// The configured kinds, with those of symbols set beside them: tables are mapped from the disk tier, so that the memory
    /// tier leaves them out where there is one.
    /// </summary>
    /// <param name="configured">Kinds by name, as in <see cref="CacheOptions.Kinds"/>.</param>
    /// <param name="hasDisk">Whether the cache has a disk tier.</param>
    public static ImmutableSortedDictionary<string, KindOptions> Complete(
        ImmutableSortedDictionary<string, KindOptions> configured, bool hasDisk = true)
    {
        ArgumentNullException.ThrowIfNull(configured);
        var table = configured.GetValueOrDefault(Table.Name, new KindOptions());
        return configured
            .SetItem(Table.Name, hasDisk ? table with { Memory = false } : table)
            .SetItem(Folder.Name, new KindOptions { Memory = !hasDisk, Remote = false });
    }
}
