using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Reading;

/// <summary>Reads every symbol of a .NET assembly. Nothing of it is loaded or run.</summary>
internal sealed partial class AssemblyReader
{
    private const int MaxNesting = 64;

    private readonly MetadataReader _reader;
    private readonly TypeNames _names;
    private readonly SignatureWriter _signatures;
    private readonly AttributeNames _attributes;
    private readonly TableWriter _writer;

    // The identifier of the type at hand, and of each member after it.
    private readonly Utf8Builder _identifier = new();
    private readonly Utf8Builder _suffix = new();
    private readonly Utf8Builder _type = new();
    private readonly Utf8Builder _text = new();

    // The symbol of every type plus one, by row; -1 while those around it are read.
    private readonly int[] _typeSymbols;

    // Which methods belong to properties and events, by row.
    private readonly bool[] _isAccessor;

    private AssemblyReader(MetadataReader reader)
    {
        _reader = reader;
        var types = reader.GetTableRowCount(TableIndex.TypeDef);
        var methods = reader.GetTableRowCount(TableIndex.MethodDef);
        var expected = types + methods + reader.GetTableRowCount(TableIndex.Field) + reader.GetTableRowCount(TableIndex.Property);
        _writer = new TableWriter(expected + 64) { Kind = ModuleKind.Assembly };
        _names = new TypeNames(reader);
        _signatures = new SignatureWriter(reader, _names);
        _attributes = new AttributeNames(reader, _names, _writer);
        _typeSymbols = new int[types + 1];
        _isAccessor = new bool[methods + 1];
    }

    /// <summary>Reads an assembly's metadata.</summary>
    /// <exception cref="BadImageFormatException">It is damaged.</exception>
    /// <exception cref="SymbolsException">It is larger than what is taken.</exception>
    public static TableWriter Read(MetadataReader reader)
    {
        var assembly = new AssemblyReader(reader);
        assembly.ReadModule();
        foreach (var type in reader.TypeDefinitions)
        {
            assembly.ReadType(type, 0);
        }

        assembly.ReadForwards();
        return assembly._writer;
    }

    private void ReadModule()
    {
        var module = _reader.GetModuleDefinition();
        _writer.Mvid = _reader.GetGuid(module.Mvid);
        StringHandle name;
        if (_reader.IsAssembly)
        {
            var assembly = _reader.GetAssemblyDefinition();
            name = assembly.Name;
            _text.Clear();
            _text.Append(assembly.Version.ToString());
            _writer.ModuleVersion = (int)_writer.Text(_text.Written);
        }
        else
        {
            name = module.Name;
        }

        _writer.ModuleName = (int)_writer.Text(_names.Raw(name));
        foreach (var reference in _reader.AssemblyReferences)
        {
            _writer.Refer(_names.Raw(_reader.GetAssemblyReference(reference).Name));
        }

        _identifier.Clear();
        _identifier.Append("A:"u8);
        _identifier.Append(_names.Raw(name));
        _writer.Add(
            new SymbolRecord
            {
                Token = (uint)MetadataTokens.GetToken(EntityHandle.ModuleDefinition),
                Type = (uint)_writer.ModuleVersion,
                Bits = SymbolRecord.Pack(SymbolKind.Module, SymbolForm.Plain, SymbolVisibility.Public, SymbolTraits.Exported),
            },
            _names.Raw(name),
            _identifier.Written);
    }

    private int ReadType(TypeDefinitionHandle handle, int depth)
    {
        ref var known = ref _typeSymbols[MetadataTokens.GetRowNumber(handle)];
        if (known > 0)
        {
            return known - 1;
        }

        if (known < 0 || depth > MaxNesting)
        {
            throw new BadImageFormatException("Types are nested in a circle or too deeply.");
        }

        known = -1;
        var definition = _reader.GetTypeDefinition(handle);
        var outer = definition.GetDeclaringType();
        var parent = outer.IsNil ? -1 : ReadType(outer, depth + 1);
        var (form, baseText) = FormOf(definition);
        var visibility = VisibilityOf(definition.Attributes);
        var (attributes, traits) = _attributes.Of(handle);
        traits |= TraitsOf(definition.Attributes, form);
        if (IsReachable(visibility) && (parent < 0 || (_writer[parent].Traits & SymbolTraits.Exported) != 0))
        {
            traits |= SymbolTraits.Exported;
        }

        _identifier.Clear();
        _identifier.Append("T:"u8);
        _identifier.Append(_names.QualifiedName(handle));
        var symbol = _writer.Add(
            new SymbolRecord
            {
                Parent = (uint)(parent + 1),
                Suffix = parent < 0 ? _writer.Text(_names.Raw(definition.Namespace)) : 0,
                Type = baseText,
                Value = GenericNames(definition.GetGenericParameters()),
                Attributes = attributes,
                Token = (uint)MetadataTokens.GetToken(handle),
                Bits = SymbolRecord.Pack(SymbolKind.Type, form, visibility, traits),
            },
            _names.Raw(definition.Name),
            _identifier.Written);
        known = symbol + 1;
        ReadMembers(definition, symbol, form, (traits & SymbolTraits.Exported) != 0);
        return symbol;
    }

    private void ReadMembers(TypeDefinition definition, int type, SymbolForm form, bool isExported)
    {
        _identifier.Append((byte)'.');
        var prefix = _identifier.Length;
        var member = new Member(type, prefix, isExported);
        foreach (var property in definition.GetProperties())
        {
            ReadProperty(property, member);
        }

        foreach (var @event in definition.GetEvents())
        {
            ReadEvent(@event, member);
        }

        foreach (var method in definition.GetMethods())
        {
            ReadMethod(method, member);
        }

        foreach (var field in definition.GetFields())
        {
            ReadField(field, member, form);
        }

        ref var record = ref _writer[type];
        record.Members = (uint)(_writer.Count - type - 1);
    }

    private void ReadForwards()
    {
        var symbols = new Dictionary<ExportedTypeHandle, int>();
        foreach (var handle in _reader.ExportedTypes)
        {
            ReadForward(handle, symbols, 0);
        }
    }

    private int ReadForward(ExportedTypeHandle handle, Dictionary<ExportedTypeHandle, int> symbols, int depth)
    {
        if (symbols.TryGetValue(handle, out var known))
        {
            return known;
        }

        if (depth > MaxNesting)
        {
            throw new BadImageFormatException("Forwarded types are nested in a circle or too deeply.");
        }

        var type = _reader.GetExportedType(handle);
        var parent = type.Implementation.Kind == HandleKind.ExportedType
            ? ReadForward((ExportedTypeHandle)type.Implementation, symbols, depth + 1)
            : -1;
        var target = type.Implementation.Kind == HandleKind.AssemblyReference
            ? _writer.Text(_names.Raw(_reader.GetAssemblyReference((AssemblyReferenceHandle)type.Implementation).Name))
            : parent >= 0 ? _writer[parent].Type : 0;
        var space = _names.Raw(type.Namespace);
        if (parent < 0)
        {
            _identifier.Clear();
            _identifier.Append("T:"u8);
            if (!space.IsEmpty)
            {
                _identifier.Append(space);
                _identifier.Append((byte)'.');
            }

            _identifier.Append(_names.Raw(type.Name));
        }
        else
        {
            // The identifier of the one around it is not kept; it is written anew from the records.
            WriteForward(parent);
            _identifier.Append((byte)'.');
            _identifier.Append(_names.Raw(type.Name));
        }

        var symbol = _writer.Add(
            new SymbolRecord
            {
                Parent = (uint)(parent + 1),
                Suffix = parent < 0 ? _writer.Text(space) : 0,
                Type = target,
                Token = (uint)MetadataTokens.GetToken(handle),
                Bits = SymbolRecord.Pack(SymbolKind.Type, SymbolForm.Forward, SymbolVisibility.Public, SymbolTraits.Exported),
            },
            _names.Raw(type.Name),
            _identifier.Written);
        symbols[handle] = symbol;
        _forwardNames[symbol] = _identifier.Written.ToArray();
        return symbol;
    }

    private void WriteForward(int symbol)
    {
        _identifier.Clear();
        _identifier.Append(_forwardNames[symbol]);
    }

    // Identifiers of forwarded types by symbol.
    private readonly Dictionary<int, byte[]> _forwardNames = [];

    private uint GenericNames(GenericParameterHandleCollection parameters)
    {
        if (parameters.Count == 0)
        {
            return 0;
        }

        _text.Clear();
        AppendGenericNames(parameters);
        return _writer.Text(_text.Written);
    }

    private void AppendGenericNames(GenericParameterHandleCollection parameters)
    {
        var isFirst = true;
        foreach (var parameter in parameters)
        {
            if (!isFirst)
            {
                _text.Append((byte)',');
            }

            isFirst = false;
            _text.Append(_names.Raw(_reader.GetGenericParameter(parameter).Name));
        }
    }

    private (SymbolForm Form, uint BaseText) FormOf(TypeDefinition definition)
    {
        var isInterface = (definition.Attributes & TypeAttributes.Interface) != 0;
        if (definition.BaseType.IsNil)
        {
            return (isInterface ? SymbolForm.Interface : SymbolForm.Class, 0);
        }

        _type.Clear();
        _signatures.WriteHandle(definition.BaseType, _type);
        var name = _type.Written;
        var form = isInterface ? SymbolForm.Interface
            : name.SequenceEqual("System.Enum"u8) ? SymbolForm.Enum
            : name.SequenceEqual("System.MulticastDelegate"u8) ? SymbolForm.Delegate
            : name.SequenceEqual("System.ValueType"u8) && !_names.Raw(definition.Name).SequenceEqual("Enum"u8) ? SymbolForm.Struct
            : SymbolForm.Class;
        return (form, _writer.Text(name));
    }

    private static SymbolVisibility VisibilityOf(TypeAttributes attributes) => (attributes & TypeAttributes.VisibilityMask) switch
    {
        TypeAttributes.Public or TypeAttributes.NestedPublic => SymbolVisibility.Public,
        TypeAttributes.NestedFamily => SymbolVisibility.Protected,
        TypeAttributes.NestedFamORAssem => SymbolVisibility.ProtectedInternal,
        TypeAttributes.NestedFamANDAssem => SymbolVisibility.PrivateProtected,
        TypeAttributes.NestedPrivate => SymbolVisibility.Private,
        _ => SymbolVisibility.Internal,
    };

    private static SymbolTraits TraitsOf(TypeAttributes attributes, SymbolForm form)
    {
        var isAbstract = (attributes & TypeAttributes.Abstract) != 0 && form == SymbolForm.Class;
        var isSealed = (attributes & TypeAttributes.Sealed) != 0 && form == SymbolForm.Class;
        return isAbstract && isSealed ? SymbolTraits.Static
            : isAbstract ? SymbolTraits.Abstract
            : isSealed ? SymbolTraits.Sealed
            : SymbolTraits.None;
    }

    private static bool IsReachable(SymbolVisibility visibility) => visibility <= SymbolVisibility.Protected;

    // Where a member belongs.
    private readonly record struct Member(int Type, int Prefix, bool IsExported);
}
