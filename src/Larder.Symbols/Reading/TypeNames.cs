using System.Buffers.Text;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Reading;

/// <summary>Qualified names of an assembly's types and of those it refers to, each put together once.</summary>
internal sealed unsafe class TypeNames(MetadataReader reader)
{
    private const int MaxNesting = 64;

    private readonly Utf8Pool _names = new(256, 16 * 1024);
    private readonly Utf8Builder _builder = new();

    // Number of the name plus one, by row.
    private readonly int[] _definitions = new int[reader.GetTableRowCount(TableIndex.TypeDef) + 1];
    private readonly int[] _references = new int[reader.GetTableRowCount(TableIndex.TypeRef) + 1];

    /// <summary>A string of the metadata as it lies there.</summary>
    public ReadOnlySpan<byte> Raw(StringHandle handle)
    {
        if (handle.IsNil)
        {
            return [];
        }

        var blob = reader.GetBlobReader(handle);
        return new ReadOnlySpan<byte>(blob.StartPointer, blob.Length);
    }

    /// <summary>The namespace and names of a type and those around it, with points between: <c>System.Environment.SpecialFolder</c>.</summary>
    public ReadOnlySpan<byte> QualifiedName(EntityHandle handle)
    {
        var row = MetadataTokens.GetRowNumber(handle);
        var known = handle.Kind switch
        {
            HandleKind.TypeDefinition => _definitions,
            HandleKind.TypeReference => _references,
            _ => throw new BadImageFormatException($"A type is named by a {handle.Kind}."),
        };
        if ((uint)row >= (uint)known.Length)
        {
            throw new BadImageFormatException($"There is no type in row {row}.");
        }

        if (known[row] == 0)
        {
            _builder.Clear();
            var levels = Levels(handle);
            for (var level = 0; level < levels.Length; level++)
            {
                if (level > 0)
                {
                    _builder.Append((byte)'.');
                }

                WriteName(levels[level], _builder, out var name);
                _builder.Append(name);
            }

            known[row] = _names.Add(_builder.Written) + 1;
        }

        return _names[known[row] - 1];
    }

    /// <summary>The type and those around it, from the outside in.</summary>
    public EntityHandle[] Levels(EntityHandle handle)
    {
        var outer = Outer(handle);
        if (outer.IsNil)
        {
            return [handle];
        }

        var levels = new List<EntityHandle> { handle };
        for (; !outer.IsNil; outer = Outer(outer))
        {
            levels.Add(outer);
            if (levels.Count > MaxNesting)
            {
                throw new BadImageFormatException("Types are nested too deeply.");
            }
        }

        levels.Reverse();
        return [.. levels];
    }

    /// <summary>Writes the namespace and name of one level without the number of its type parameters, and returns that.</summary>
    public int WriteLevel(EntityHandle handle, Utf8Builder target)
    {
        WriteName(handle, target, out var name);
        var mark = name.LastIndexOf((byte)'`');
        if (mark > 0 && Utf8Parser.TryParse(name[(mark + 1)..], out int arity, out var read) && read == name.Length - mark - 1 && arity >= 0)
        {
            target.Append(name[..mark]);
            return arity;
        }

        target.Append(name);
        return 0;
    }

    private void WriteName(EntityHandle handle, Utf8Builder target, out ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> space;
        if (handle.Kind == HandleKind.TypeDefinition)
        {
            var type = reader.GetTypeDefinition((TypeDefinitionHandle)handle);
            space = Raw(type.Namespace);
            name = Raw(type.Name);
        }
        else
        {
            var type = reader.GetTypeReference((TypeReferenceHandle)handle);
            space = Raw(type.Namespace);
            name = Raw(type.Name);
        }

        if (!space.IsEmpty)
        {
            target.Append(space);
            target.Append((byte)'.');
        }
    }

    private EntityHandle Outer(EntityHandle handle)
    {
        if (handle.Kind == HandleKind.TypeDefinition)
        {
            return reader.GetTypeDefinition((TypeDefinitionHandle)handle).GetDeclaringType();
        }

        if (handle.Kind != HandleKind.TypeReference)
        {
            throw new BadImageFormatException($"A type is named by a {handle.Kind}.");
        }

        var scope = reader.GetTypeReference((TypeReferenceHandle)handle).ResolutionScope;
        return scope.Kind == HandleKind.TypeReference ? scope : default;
    }
}
