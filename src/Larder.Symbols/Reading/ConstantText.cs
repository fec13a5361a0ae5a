using System.Reflection.Metadata;
using System.Text;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Reading;

/// <summary>Writes values of constants as text that does not depend on the machine.</summary>
internal static class ConstantText
{
    /// <summary>Longest string that is kept, in UTF-16 units; what is longer is cut.</summary>
    private const int MaxLength = 64 * 1024;

    public static void Write(MetadataReader reader, Constant constant, Utf8Builder target)
    {
        var blob = reader.GetBlobReader(constant.Value);
        switch (constant.TypeCode)
        {
            case ConstantTypeCode.Boolean:
                target.Append(blob.ReadBoolean() ? "true"u8 : "false"u8);
                break;
            case ConstantTypeCode.Char:
                WriteChar(blob.ReadUInt16(), target);
                break;
            case ConstantTypeCode.SByte:
                target.Append(blob.ReadSByte());
                break;
            case ConstantTypeCode.Byte:
                target.Append((uint)blob.ReadByte());
                break;
            case ConstantTypeCode.Int16:
                target.Append(blob.ReadInt16());
                break;
            case ConstantTypeCode.UInt16:
                target.Append(blob.ReadUInt16());
                break;
            case ConstantTypeCode.Int32:
                target.Append(blob.ReadInt32());
                break;
            case ConstantTypeCode.UInt32:
                target.Append(blob.ReadUInt32());
                break;
            case ConstantTypeCode.Int64:
                target.Append(blob.ReadInt64());
                break;
            case ConstantTypeCode.UInt64:
                target.Append(blob.ReadUInt64());
                break;
            case ConstantTypeCode.Single:
                target.Append(blob.ReadSingle());
                break;
            case ConstantTypeCode.Double:
                target.Append(blob.ReadDouble());
                break;
            case ConstantTypeCode.String:
                target.Append(blob.ReadUTF16(Math.Min(blob.Length, 2 * MaxLength)));
                break;
            case ConstantTypeCode.NullReference:
                target.Append("null"u8);
                break;
            default:
                throw new BadImageFormatException($"A constant has the type code {(int)constant.TypeCode}.");
        }
    }

    private static void WriteChar(ushort value, Utf8Builder target)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (!char.IsControl((char)value) && Rune.TryCreate((char)value, out var rune))
        {
            target.Append(bytes[..rune.EncodeToUtf8(bytes)]);
        }
        else
        {
            target.Append("\\u"u8);
            target.Append(value.ToString("X4", System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
