using Larder.Cache.Memory;

namespace Larder.Symbols.Details;

/// <summary>
/// Documentation and places in source code, read from the files beside a module when they are asked for. The indexes of
/// documentation files are kept within a limit. Safe for many threads.
/// </summary>
internal sealed class DetailStore(long capacityBytes)
{
    private readonly BoundedCache<string, XmlDocumentation> _documentation = new(new BoundedCacheOptions<string, XmlDocumentation>
    {
        CapacityBytes = capacityBytes,
        ShardCount = 1,
        Weigher = static (path, documentation) => documentation.WeightBytes + SymbolWeight.Of(path),
    });

    /// <summary>The symbol with what could be found.</summary>
    public SymbolData Complete(SymbolData symbol)
    {
        var path = symbol.Key.Module.Path;
        return symbol with
        {
            Documentation = symbol.Documentation ?? DocumentationOf(path, symbol.Key.Id),
            Location = symbol.Location ?? SourceLocations.Of(path, symbol),
        };
    }

    private string? DocumentationOf(string path, string id)
    {
        foreach (var file in DocumentationFiles.For(path))
        {
            if (Open(file) is { } documentation && documentation.Find(id) is { } text)
            {
                return text;
            }
        }

        return null;
    }

    // A file that changed since is indexed anew.
    private XmlDocumentation? Open(string file)
    {
        try
        {
            var written = File.GetLastWriteTimeUtc(file);
            if (_documentation.TryGet(file, out var known) && known.WrittenAt == written)
            {
                return known;
            }

            var documentation = XmlDocumentation.Index(file, written);
            _documentation.Put(file, documentation);
            return documentation;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
