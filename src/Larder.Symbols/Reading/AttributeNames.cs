using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Reading;

/// <summary>
/// The names of the attributes of every symbol of an assembly, read in one pass, because the rows of one symbol lie together.
/// What only compilers write for one another is left out, or is a trait.
/// </summary>
internal sealed class AttributeNames
{
    private readonly MetadataReader _reader;
    private readonly TypeNames _names;
    private readonly TableWriter _writer;
    private readonly Utf8Builder _builder = new();
    private readonly Dictionary<EntityHandle, (uint Text, SymbolTraits Traits, bool IsShown)> _constructors = [];
    private readonly Rows _types;
    private readonly Rows _methods;
    private readonly Rows _fields;
    private readonly Rows _properties;
    private readonly Rows _events;

    public AttributeNames(MetadataReader reader, TypeNames names, TableWriter writer)
    {
        _reader = reader;
        _names = names;
        _writer = writer;
        _types = new Rows(reader, TableIndex.TypeDef);
        _methods = new Rows(reader, TableIndex.MethodDef);
        _fields = new Rows(reader, TableIndex.Field);
        _properties = new Rows(reader, TableIndex.Property);
        _events = new Rows(reader, TableIndex.Event);
        Read();
    }

    /// <summary>The attributes of a symbol: their names with commas between, and what they say in traits.</summary>
    public (uint Text, SymbolTraits Traits) Of(EntityHandle handle)
    {
        var rows = RowsOf(handle.Kind);
        var row = MetadataTokens.GetRowNumber(handle);
        return rows is null || row >= rows.Texts.Length ? default : (rows.Texts[row], (SymbolTraits)rows.Traits[row]);
    }

    private void Read()
    {
        foreach (var handle in _reader.CustomAttributes)
        {
            var attribute = _reader.GetCustomAttribute(handle);
            var parent = attribute.Parent;
            if (RowsOf(parent.Kind) is not { } rows)
            {
                continue;
            }

            var row = MetadataTokens.GetRowNumber(parent);
            if (row >= rows.Texts.Length)
            {
                throw new BadImageFormatException("An attribute belongs to a symbol that is not there.");
            }

            var (text, traits, isShown) = Describe(attribute.Constructor);
            rows.Traits[row] |= (ushort)traits;
            if (isShown)
            {
                rows.Texts[row] = rows.Texts[row] == 0 ? text : Join(rows.Texts[row], text);
            }
        }
    }

    private uint Join(uint first, uint second)
    {
        _builder.Clear();
        _builder.Append(_writer.TextOf(first));
        if (_builder.Length < Utf8Builder.MaxLength / 256)
        {
            _builder.Append((byte)',');
            _builder.Append(_writer.TextOf(second));
        }

        return _writer.Text(_builder.Written);
    }

    private (uint Text, SymbolTraits Traits, bool IsShown) Describe(EntityHandle constructor)
    {
        if (_constructors.TryGetValue(constructor, out var known))
        {
            return known;
        }

        var type = constructor.Kind switch
        {
            HandleKind.MemberReference => _reader.GetMemberReference((MemberReferenceHandle)constructor).Parent,
            HandleKind.MethodDefinition => _reader.GetMethodDefinition((MethodDefinitionHandle)constructor).GetDeclaringType(),
            _ => throw new BadImageFormatException($"An attribute is made by a {constructor.Kind}."),
        };
        if (type.Kind is not (HandleKind.TypeReference or HandleKind.TypeDefinition))
        {
            return _constructors[constructor] = (0, SymbolTraits.None, false);
        }

        var name = _names.QualifiedName(type);
        var traits = TraitsOf(name);
        var isShown = traits is SymbolTraits.None or SymbolTraits.Deprecated && !IsNoise(name);
        var end = "Attribute"u8;
        var simple = name[(name.LastIndexOf((byte)'.') + 1)..];
        return _constructors[constructor] =
            (isShown ? _writer.Text(simple.EndsWith(end) && simple.Length > end.Length ? simple[..^end.Length] : simple) : 0, traits, isShown);
    }

    private static SymbolTraits TraitsOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("System.ObsoleteAttribute"u8) ? SymbolTraits.Deprecated
        : !name.StartsWith("System.Runtime.CompilerServices."u8) ? SymbolTraits.None
        : name.EndsWith(".ExtensionAttribute"u8) ? SymbolTraits.Extension
        : name.EndsWith(".CompilerGeneratedAttribute"u8) ? SymbolTraits.Generated
        : name.EndsWith(".IsReadOnlyAttribute"u8) ? SymbolTraits.ReadOnly
        : name.EndsWith(".AsyncStateMachineAttribute"u8) ? SymbolTraits.Async
        : SymbolTraits.None;

    private static bool IsNoise(ReadOnlySpan<byte> name) =>
        name.StartsWith("System.Runtime.CompilerServices.Nullable"u8)
        || name.StartsWith("System.Diagnostics.Debugger"u8)
        || name.SequenceEqual("System.Runtime.CompilerServices.IteratorStateMachineAttribute"u8)
        || name.SequenceEqual("System.Runtime.CompilerServices.AsyncIteratorStateMachineAttribute"u8)
        || name.SequenceEqual("System.Runtime.CompilerServices.RefSafetyRulesAttribute"u8);

    private Rows? RowsOf(HandleKind kind) => kind switch
    {
        HandleKind.TypeDefinition => _types,
        HandleKind.MethodDefinition => _methods,
        HandleKind.FieldDefinition => _fields,
        HandleKind.PropertyDefinition => _properties,
        HandleKind.EventDefinition => _events,
        _ => null,
    };

    private sealed class Rows(MetadataReader reader, TableIndex table)
    {
        public readonly uint[] Texts = new uint[reader.GetTableRowCount(table) + 1];
        public readonly ushort[] Traits = new ushort[reader.GetTableRowCount(table) + 1];
    }
}
