using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Symbols.Tables;
using Microsoft.Extensions.Logging;

namespace Larder.Symbols.Modules;

/// <summary>
/// Finds or makes symbol tables: in the tiers of a cache when there is one, mapped from its files, and made once whoever asks.
/// A table that a tier gives is checked once more, removed when it is not usable, and made anew.
/// </summary>
internal sealed class TableStore(TieredCache? tiers, ILogger logger)
{
    /// <summary>The name of the table of a module's content.</summary>
    public static Recipe RecipeOf(Fingerprint digest) => Recipe.For(SymbolKinds.Table, TableHeader.CurrentVersion)
        .Add("module", digest)
        .Add("reader", ModuleReader.ReaderVersion)
        .Build();

    /// <summary>The table of a module whose content is known; null when no tier has it.</summary>
    public async ValueTask<(SymbolTable Table, SymbolOrigin Origin)?> FindAsync(Fingerprint digest, CancellationToken cancellationToken)
    {
        if (tiers is null)
        {
            return null;
        }

        var recipe = RecipeOf(digest);
        try
        {
            using var lease = await tiers.GetAsync(recipe.Key, cancellationToken).ConfigureAwait(false);
            return lease.IsHit ? await OpenAsync(lease.Content, lease.Source, digest, recipe.Key).ConfigureAwait(false) : null;
        }
        catch (CacheException)
        {
            // A tier that fails degrades the cache and not the answer.
            return null;
        }
    }

    /// <summary>The table of a module whose bytes are here.</summary>
    /// <exception cref="SymbolsException">The module cannot be read.</exception>
    public async ValueTask<(SymbolTable Table, SymbolOrigin Origin)> GetAsync(
        ModuleBytes bytes, string path, Fingerprint digest, CancellationToken cancellationToken)
    {
        var fill = new Fill(bytes, path, digest);
        if (tiers is not null)
        {
            var recipe = RecipeOf(digest);
            try
            {
                using var lease = await tiers.GetOrFillAsync(
                    recipe, fill, static (fill, target, token) => fill.WriteAsync(target, token), cancellationToken).ConfigureAwait(false);
                if (lease.IsHit && await OpenAsync(lease.Content, lease.Source, digest, recipe.Key).ConfigureAwait(false) is { } found)
                {
                    return found;
                }
            }
            catch (CacheException)
            {
                // No tier took it, or a tier is broken.
            }
        }

        return (SymbolTable.Open(TableMemory.Copy(fill.Table), isVerified: true), SymbolOrigin.Read);
    }

    private async ValueTask<(SymbolTable Table, SymbolOrigin Origin)?> OpenAsync(
        ArtifactContent content, TierKind source, Fingerprint digest, ArtifactKey key)
    {
        try
        {
            // The disk tier has compared the checksums of its blocks.
            var table = SymbolTable.Open(TableMemory.Of(content), isVerified: source == TierKind.Disk);
            if (table.Digest == digest)
            {
                return (table, source switch
                {
                    TierKind.Memory => SymbolOrigin.Memory,
                    TierKind.Remote => SymbolOrigin.Remote,
                    TierKind.Fill => SymbolOrigin.Read,
                    _ => SymbolOrigin.Disk,
                });
            }

            table.Dispose();
            Log.BadTable(logger, key.ToString(), "it is that of another module");
        }
        catch (SymbolsException e)
        {
            Log.BadTable(logger, key.ToString(), e.Message);
        }

        await tiers!.RemoveEverywhereAsync(key).ConfigureAwait(false); // What was opened came from it.
        return null;
    }

    // Makes the table at most once, for the tiers or for want of them.
    private sealed class Fill(ModuleBytes bytes, string path, Fingerprint digest)
    {
        private byte[]? _table;

        public byte[] Table
        {
            get
            {
                if (_table is null)
                {
                    Span<byte> hash = stackalloc byte[Fingerprint.Size];
                    digest.CopyTo(hash);
                    _table = ModuleReader.MakeTable(bytes, path, hash);
                }

                return _table;
            }
        }

        public async ValueTask<ArtifactMetadata> WriteAsync(ArtifactWriter target, CancellationToken cancellationToken)
        {
            await target.WriteAsync(Table, cancellationToken).ConfigureAwait(false);
            return ArtifactWriter.AsWritten;
        }
    }
}
