using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Larder.Symbols.Modules;

namespace Larder.Symbols.Details;

/// <summary>
/// Where symbols of an assembly stand in source code, by its portable debugging symbols: embedded in it, or in the file beside
/// it when that belongs to the same build.
/// </summary>
internal static class SourceLocations
{
    private const int HiddenLine = 0xFEEFEE;

    /// <summary>The place; null when it is not known.</summary>
    public static unsafe SourceLocation? Of(string path, SymbolData symbol)
    {
        if (symbol.Token >> 24 is not (0x02 or 0x06 or 0x14 or 0x17))
        {
            return null;
        }

        try
        {
            using var bytes = ModuleReader.ReadFile(path);
            using var pe = new PEReader(bytes.Address, bytes.Length);
            using var symbols = Open(pe, path);
            return symbols is null ? null : Find(pe.GetMetadataReader(), symbols.GetMetadataReader(), symbol.Token);
        }
        catch (Exception e) when (e is SymbolsException or BadImageFormatException or InvalidOperationException or ArgumentException
            or OverflowException or IndexOutOfRangeException or InvalidDataException or IOException)
        {
            // Without a place there is still everything else to say.
            return null;
        }
    }

    private static MetadataReaderProvider? Open(PEReader pe, string path)
    {
        foreach (var entry in pe.ReadDebugDirectory())
        {
            if (entry.Type == DebugDirectoryEntryType.EmbeddedPortablePdb)
            {
                return pe.ReadEmbeddedPortablePdbDebugDirectoryData(entry);
            }
        }

        var beside = Path.ChangeExtension(path, ".pdb");
        if (!File.Exists(beside))
        {
            return null;
        }

        foreach (var entry in pe.ReadDebugDirectory())
        {
            if (entry.Type == DebugDirectoryEntryType.CodeView && entry.IsPortableCodeView)
            {
                var wanted = new BlobContentId(pe.ReadCodeViewDebugDirectoryData(entry).Guid, entry.Stamp);
                var provider = MetadataReaderProvider.FromPortablePdbStream(
                    new MemoryStream(File.ReadAllBytes(beside)), MetadataStreamOptions.PrefetchMetadata);
                if (provider.GetMetadataReader().DebugMetadataHeader is { } header && new BlobContentId(header.Id) == wanted)
                {
                    return provider;
                }

                provider.Dispose();
            }
        }

        return null;
    }

    private static SourceLocation? Find(MetadataReader metadata, MetadataReader symbols, int token)
    {
        foreach (var method in Methods(metadata, MetadataTokens.EntityHandle(token)))
        {
            if (First(symbols, method) is { } location)
            {
                return location;
            }
        }

        return null;
    }

    private static MethodDefinitionHandle[] Methods(MetadataReader metadata, EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodDefinition:
                return [(MethodDefinitionHandle)handle];
            case HandleKind.TypeDefinition:
                return [.. metadata.GetTypeDefinition((TypeDefinitionHandle)handle).GetMethods()];
            case HandleKind.PropertyDefinition:
                var property = metadata.GetPropertyDefinition((PropertyDefinitionHandle)handle).GetAccessors();
                return [property.Getter, property.Setter];
            case HandleKind.EventDefinition:
                var @event = metadata.GetEventDefinition((EventDefinitionHandle)handle).GetAccessors();
                return [@event.Adder, @event.Remover];
            default:
                return [];
        }
    }

    private static SourceLocation? First(MetadataReader symbols, MethodDefinitionHandle method)
    {
        if (method.IsNil || MetadataTokens.GetRowNumber(method) > symbols.MethodDebugInformation.Count)
        {
            return null;
        }

        foreach (var point in symbols.GetMethodDebugInformation(method.ToDebugInformationHandle()).GetSequencePoints())
        {
            if (!point.IsHidden && point.StartLine != HiddenLine && !point.Document.IsNil)
            {
                return new SourceLocation(
                    symbols.GetString(symbols.GetDocument(point.Document).Name),
                    point.StartLine,
                    point.StartColumn,
                    point.EndLine == point.StartLine ? point.EndColumn - point.StartColumn : 0);
            }
        }

        return null;
    }
}
