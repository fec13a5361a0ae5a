using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Reading;

/// <content>Members of types.</content>
internal sealed partial class AssemblyReader
{
    private void ReadMethod(MethodDefinitionHandle handle, in Member member)
    {
        var method = _reader.GetMethodDefinition(handle);
        var name = _names.Raw(method.Name);
        var generic = method.GetGenericParameters();
        _suffix.Clear();
        _type.Clear();
        if (generic.Count > 0)
        {
            _suffix.Append("``"u8);
            _suffix.Append(generic.Count);
        }

        var count = _signatures.WriteMethod(_reader.GetBlobReader(method.Signature), _suffix, _type);
        var attributes = method.Attributes;
        var isSpecial = (attributes & MethodAttributes.SpecialName) != 0;
        var form = isSpecial && name.SequenceEqual(".ctor"u8) ? SymbolForm.Constructor
            : isSpecial && name.SequenceEqual(".cctor"u8) ? SymbolForm.Initializer
            : _isAccessor[MetadataTokens.GetRowNumber(handle)] ? SymbolForm.Accessor
            : isSpecial && name.StartsWith("op_"u8) ? SymbolForm.Operator
            : SymbolForm.Method;
        if (form == SymbolForm.Operator && (name.EndsWith("plicit"u8) || name.SequenceEqual("op_CheckedExplicit"u8)))
        {
            _suffix.Append((byte)'~');
            _suffix.Append(_type.Written);
        }

        var visibility = VisibilityOf(attributes);
        var (text, traits) = _attributes.Of(handle);
        traits |= TraitsOf(attributes) | Exported(visibility, member);
        if (form == SymbolForm.Constructor)
        {
            ref var type = ref _writer[member.Type];
            type.Bits = SymbolRecord.Pack(type.Kind, type.Form, type.Visibility, type.Traits | SymbolTraits.HasConstructor);
        }

        Add(
            member,
            name,
            (byte)'M',
            new SymbolRecord
            {
                Type = _writer.Text(_type.Written),
                Value = ParameterNames(generic, method.GetParameters(), count),
                Attributes = text,
                Token = (uint)MetadataTokens.GetToken(handle),
                Bits = SymbolRecord.Pack(SymbolKind.Function, form, visibility, traits),
            });
    }

    private void ReadProperty(PropertyDefinitionHandle handle, in Member member)
    {
        var property = _reader.GetPropertyDefinition(handle);
        var accessors = property.GetAccessors();
        var (visibility, traits) = Accessors(accessors.Getter, accessors.Setter);
        foreach (var other in accessors.Others)
        {
            Mark(other);
        }

        traits |= (accessors.Getter.IsNil ? 0 : SymbolTraits.Readable) | (accessors.Setter.IsNil ? 0 : SymbolTraits.Writable);
        _suffix.Clear();
        _type.Clear();
        _signatures.WriteMethod(_reader.GetBlobReader(property.Signature), _suffix, _type);
        var (text, more) = _attributes.Of(handle);
        Add(
            member,
            _names.Raw(property.Name),
            (byte)'P',
            new SymbolRecord
            {
                Type = _writer.Text(_type.Written),
                Attributes = text,
                Token = (uint)MetadataTokens.GetToken(handle),
                Bits = SymbolRecord.Pack(SymbolKind.Function, SymbolForm.Property, visibility, traits | more | Exported(visibility, member)),
            });
    }

    private void ReadEvent(EventDefinitionHandle handle, in Member member)
    {
        var definition = _reader.GetEventDefinition(handle);
        var accessors = definition.GetAccessors();
        var (visibility, traits) = Accessors(accessors.Adder, accessors.Remover);
        Mark(accessors.Raiser);
        foreach (var other in accessors.Others)
        {
            Mark(other);
        }

        _suffix.Clear();
        _type.Clear();
        if (!definition.Type.IsNil)
        {
            _signatures.WriteHandle(definition.Type, _type);
        }

        var (text, more) = _attributes.Of(handle);
        Add(
            member,
            _names.Raw(definition.Name),
            (byte)'E',
            new SymbolRecord
            {
                Type = _writer.Text(_type.Written),
                Attributes = text,
                Token = (uint)MetadataTokens.GetToken(handle),
                Bits = SymbolRecord.Pack(SymbolKind.Function, SymbolForm.Event, visibility, traits | more | Exported(visibility, member)),
            });
    }

    private void ReadField(FieldDefinitionHandle handle, in Member member, SymbolForm form)
    {
        var field = _reader.GetFieldDefinition(handle);
        var attributes = field.Attributes;
        _suffix.Clear();
        _type.Clear();
        _signatures.WriteField(_reader.GetBlobReader(field.Signature), _type);
        var isConstant = (attributes & FieldAttributes.Literal) != 0;
        var visibility = VisibilityOf((MethodAttributes)(attributes & FieldAttributes.FieldAccessMask));
        var (text, traits) = _attributes.Of(handle);
        traits |= Exported(visibility, member)
            | ((attributes & FieldAttributes.Static) != 0 ? SymbolTraits.Static : 0)
            | ((attributes & FieldAttributes.InitOnly) != 0 ? SymbolTraits.ReadOnly : 0);
        _text.Clear();
        if (isConstant && !field.GetDefaultValue().IsNil)
        {
            var constant = _reader.GetConstant(field.GetDefaultValue());
            ConstantText.Write(_reader, constant, _text);
        }

        Add(
            member,
            _names.Raw(field.Name),
            (byte)'F',
            new SymbolRecord
            {
                Type = _writer.Text(_type.Written),
                Value = _writer.Text(_text.Written),
                Attributes = text,
                Token = (uint)MetadataTokens.GetToken(handle),
                Bits = SymbolRecord.Pack(
                    isConstant ? SymbolKind.Constant : SymbolKind.Field,
                    isConstant && form == SymbolForm.Enum ? SymbolForm.EnumMember : SymbolForm.Plain,
                    visibility,
                    traits),
            });
    }

    private void Add(in Member member, ReadOnlySpan<byte> name, byte letter, SymbolRecord record)
    {
        _identifier.Truncate(member.Prefix);
        foreach (var character in name)
        {
            _identifier.Append(SymbolTable.Mangle(character));
        }

        _identifier.Append(_suffix.Written);
        _identifier.SetFirst(letter);
        record.Parent = (uint)member.Type + 1;
        record.Suffix = _writer.Text(_suffix.Written);
        _writer.Add(record, name, _identifier.Written);
    }

    // A property or event is as visible as the wider of its methods, and is what they are.
    private (SymbolVisibility Visibility, SymbolTraits Traits) Accessors(MethodDefinitionHandle first, MethodDefinitionHandle second)
    {
        var visibility = SymbolVisibility.Private;
        var traits = SymbolTraits.None;
        foreach (var handle in (ReadOnlySpan<MethodDefinitionHandle>)[first, second])
        {
            if (handle.IsNil)
            {
                continue;
            }

            Mark(handle);
            var attributes = _reader.GetMethodDefinition(handle).Attributes;
            var own = VisibilityOf(attributes);
            visibility = own < visibility ? own : visibility;
            traits |= TraitsOf(attributes);
        }

        return (visibility, traits);
    }

    private void Mark(MethodDefinitionHandle accessor)
    {
        if (!accessor.IsNil)
        {
            _isAccessor[MetadataTokens.GetRowNumber(accessor)] = true;
        }
    }

    // The names of type parameters in angle brackets, then those of parameters.
    private uint ParameterNames(GenericParameterHandleCollection generic, ParameterHandleCollection parameters, int count)
    {
        _text.Clear();
        if (generic.Count > 0)
        {
            _text.Append((byte)'<');
            AppendGenericNames(generic);
            _text.Append((byte)'>');
        }

        var next = 1;
        foreach (var handle in parameters)
        {
            var parameter = _reader.GetParameter(handle);
            if (parameter.SequenceNumber < next || parameter.SequenceNumber > count)
            {
                continue;
            }

            for (; next < parameter.SequenceNumber; next++)
            {
                _text.Append((byte)',');
            }

            if (next > 1)
            {
                _text.Append((byte)',');
            }

            _text.Append(_names.Raw(parameter.Name));
            next++;
        }

        return _writer.Text(_text.Written);
    }

    private static SymbolTraits Exported(SymbolVisibility visibility, in Member member) =>
        member.IsExported && IsReachable(visibility) ? SymbolTraits.Exported : SymbolTraits.None;

    private static SymbolVisibility VisibilityOf(MethodAttributes attributes) => (attributes & MethodAttributes.MemberAccessMask) switch
    {
        MethodAttributes.Public => SymbolVisibility.Public,
        MethodAttributes.Family => SymbolVisibility.Protected,
        MethodAttributes.FamORAssem => SymbolVisibility.ProtectedInternal,
        MethodAttributes.FamANDAssem => SymbolVisibility.PrivateProtected,
        MethodAttributes.Assembly => SymbolVisibility.Internal,
        _ => SymbolVisibility.Private,
    };

    private static SymbolTraits TraitsOf(MethodAttributes attributes)
    {
        var isVirtual = (attributes & MethodAttributes.Virtual) != 0;
        var isFinal = (attributes & MethodAttributes.Final) != 0;
        return ((attributes & MethodAttributes.Static) != 0 ? SymbolTraits.Static : 0)
            | ((attributes & MethodAttributes.Abstract) != 0 ? SymbolTraits.Abstract : 0)
            | (isVirtual && !isFinal ? SymbolTraits.Virtual : 0)
            | (isVirtual && (attributes & MethodAttributes.NewSlot) == 0 ? SymbolTraits.Override : 0)
            | (isVirtual && isFinal && (attributes & MethodAttributes.NewSlot) == 0 ? SymbolTraits.Sealed : 0)
            | ((attributes & MethodAttributes.PinvokeImpl) != 0 ? SymbolTraits.Extern : 0);
    }
}
