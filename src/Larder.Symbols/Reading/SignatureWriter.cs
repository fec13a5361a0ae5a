using System.Reflection.Metadata;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Reading;

/// <summary>
/// Writes types of signatures as documentation identifiers have them: <c>System.Collections.Generic.List{System.Int32}[]</c>,
/// <c>`0</c> for a type parameter of the type, <c>``0</c> for one of the method. Source: ECMA-335 II.23.2; C# specification,
/// annex D.4.2.
/// </summary>
internal sealed class SignatureWriter(MetadataReader reader, TypeNames names)
{
    private const int MaxDepth = 64;

    /// <summary>What may be written for one module in all, so that a small file cannot ask for endless text.</summary>
    private long _budget = 64L * 1024 * 1024 + (64L * reader.MetadataLength);

    /// <summary>Writes the parameters of a method in parentheses, nothing when there are none, and its result apart.</summary>
    /// <returns>How many parameters there are.</returns>
    public int WriteMethod(BlobReader blob, Utf8Builder parameters, Utf8Builder result)
    {
        var header = blob.ReadSignatureHeader();
        if (header.IsGeneric)
        {
            blob.ReadCompressedInteger();
        }

        var count = blob.ReadCompressedInteger();
        WriteType(ref blob, result, 0);
        WriteParameters(ref blob, count, parameters, 0);
        Spend(parameters.Length + result.Length);
        return count;
    }

    /// <summary>Writes the type of a field.</summary>
    public void WriteField(BlobReader blob, Utf8Builder type)
    {
        blob.ReadSignatureHeader();
        WriteType(ref blob, type, 0);
        Spend(type.Length);
    }

    /// <summary>Writes a type that is named by its handle.</summary>
    public void WriteHandle(EntityHandle handle, Utf8Builder target) => WriteHandle(handle, target, 0);

    private void Spend(int bytes)
    {
        _budget -= bytes;
        if (_budget < 0)
        {
            throw new SymbolsException(SymbolsErrorKind.LimitExceeded, "signatures that take up too much text");
        }
    }

    private void WriteHandle(EntityHandle handle, Utf8Builder target, int depth)
    {
        if (handle.Kind == HandleKind.TypeSpecification)
        {
            var blob = reader.GetBlobReader(reader.GetTypeSpecification((TypeSpecificationHandle)handle).Signature);
            WriteType(ref blob, target, depth + 1);
        }
        else if (!handle.IsNil)
        {
            target.Append(names.QualifiedName(handle));
        }
    }

    private void WriteParameters(ref BlobReader blob, int count, Utf8Builder target, int depth)
    {
        if (count > blob.RemainingBytes)
        {
            throw new BadImageFormatException("A signature has more parameters than bytes.");
        }

        for (var i = 0; i < count; i++)
        {
            target.Append(i == 0 ? (byte)'(' : (byte)',');
            WriteType(ref blob, target, depth);
        }

        if (count > 0)
        {
            target.Append((byte)')');
        }
    }

    private void WriteType(ref BlobReader blob, Utf8Builder target, int depth)
    {
        if (depth > MaxDepth || target.Length > Utf8Builder.MaxLength)
        {
            throw new BadImageFormatException("A signature is nested too deeply or too long.");
        }

        var code = (SignatureTypeCode)blob.ReadCompressedInteger();
        while (code is SignatureTypeCode.RequiredModifier or SignatureTypeCode.OptionalModifier or SignatureTypeCode.Pinned or SignatureTypeCode.Sentinel)
        {
            if (code is SignatureTypeCode.RequiredModifier or SignatureTypeCode.OptionalModifier)
            {
                blob.ReadTypeHandle();
            }

            code = (SignatureTypeCode)blob.ReadCompressedInteger();
        }

        switch (code)
        {
            case SignatureTypeCode.Pointer:
                WriteType(ref blob, target, depth + 1);
                target.Append((byte)'*');
                break;
            case SignatureTypeCode.ByReference:
                WriteType(ref blob, target, depth + 1);
                target.Append((byte)'@');
                break;
            case SignatureTypeCode.SZArray:
                WriteType(ref blob, target, depth + 1);
                target.Append("[]"u8);
                break;
            case SignatureTypeCode.Array:
                WriteArray(ref blob, target, depth);
                break;
            case (SignatureTypeCode)0x11 or (SignatureTypeCode)0x12:
                WriteHandle(blob.ReadTypeHandle(), target, depth);
                break;
            case SignatureTypeCode.GenericTypeInstance:
                WriteInstance(ref blob, target, depth);
                break;
            case SignatureTypeCode.GenericTypeParameter:
                target.Append((byte)'`');
                target.Append(blob.ReadCompressedInteger());
                break;
            case SignatureTypeCode.GenericMethodParameter:
                target.Append("``"u8);
                target.Append(blob.ReadCompressedInteger());
                break;
            case SignatureTypeCode.FunctionPointer:
                WritePointer(ref blob, target, depth);
                break;
            default:
                target.Append(NameOf(code));
                break;
        }
    }

    private void WriteArray(ref BlobReader blob, Utf8Builder target, int depth)
    {
        WriteType(ref blob, target, depth + 1);
        var rank = blob.ReadCompressedInteger();
        if (rank > 32)
        {
            throw new BadImageFormatException("An array has more than 32 dimensions.");
        }

        for (var sizes = blob.ReadCompressedInteger(); sizes > 0; sizes--)
        {
            blob.ReadCompressedInteger();
        }

        for (var bounds = blob.ReadCompressedInteger(); bounds > 0; bounds--)
        {
            blob.ReadCompressedSignedInteger();
        }

        for (var dimension = 0; dimension < rank; dimension++)
        {
            target.Append(dimension == 0 ? "[0:"u8 : ",0:"u8);
        }

        target.Append((byte)']');
    }

    // The arguments of an inner type include those of the types around it, from the outside in.
    private void WriteInstance(ref BlobReader blob, Utf8Builder target, int depth)
    {
        blob.ReadCompressedInteger();
        var handle = blob.ReadTypeHandle();
        var left = blob.ReadCompressedInteger();
        if (left > blob.RemainingBytes)
        {
            throw new BadImageFormatException("A type has more arguments than bytes.");
        }

        var levels = names.Levels(handle);
        for (var level = 0; level < levels.Length; level++)
        {
            if (level > 0)
            {
                target.Append((byte)'.');
            }

            var arity = names.WriteLevel(levels[level], target);
            WriteArguments(ref blob, Math.Min(arity, left), target, depth);
            left -= Math.Min(arity, left);
        }

        WriteArguments(ref blob, left, target, depth);
    }

    private void WriteArguments(ref BlobReader blob, int count, Utf8Builder target, int depth)
    {
        for (var i = 0; i < count; i++)
        {
            target.Append(i == 0 ? (byte)'{' : (byte)',');
            WriteType(ref blob, target, depth + 1);
        }

        if (count > 0)
        {
            target.Append((byte)'}');
        }
    }

    private void WritePointer(ref BlobReader blob, Utf8Builder target, int depth)
    {
        var header = blob.ReadSignatureHeader();
        if (header.IsGeneric)
        {
            blob.ReadCompressedInteger();
        }

        var count = blob.ReadCompressedInteger();
        target.Append("=FUNC:"u8);
        WriteType(ref blob, target, depth + 1);
        WriteParameters(ref blob, count, target, depth + 1);
        if (count == 0)
        {
            target.Append("()"u8);
        }
    }

    private static ReadOnlySpan<byte> NameOf(SignatureTypeCode code) => code switch
    {
        SignatureTypeCode.Void => "System.Void"u8,
        SignatureTypeCode.Boolean => "System.Boolean"u8,
        SignatureTypeCode.Char => "System.Char"u8,
        SignatureTypeCode.SByte => "System.SByte"u8,
        SignatureTypeCode.Byte => "System.Byte"u8,
        SignatureTypeCode.Int16 => "System.Int16"u8,
        SignatureTypeCode.UInt16 => "System.UInt16"u8,
        SignatureTypeCode.Int32 => "System.Int32"u8,
        SignatureTypeCode.UInt32 => "System.UInt32"u8,
        SignatureTypeCode.Int64 => "System.Int64"u8,
        SignatureTypeCode.UInt64 => "System.UInt64"u8,
        SignatureTypeCode.Single => "System.Single"u8,
        SignatureTypeCode.Double => "System.Double"u8,
        SignatureTypeCode.String => "System.String"u8,
        SignatureTypeCode.TypedReference => "System.TypedReference"u8,
        SignatureTypeCode.IntPtr => "System.IntPtr"u8,
        SignatureTypeCode.UIntPtr => "System.UIntPtr"u8,
        SignatureTypeCode.Object => "System.Object"u8,
        _ => throw new BadImageFormatException($"A signature has the type code {(int)code}."),
    };
}
