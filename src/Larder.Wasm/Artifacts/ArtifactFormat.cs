using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Larder.Wasm.Artifacts;

/// <summary>
/// A compiled module as a file. All numbers little-endian:
/// <list type="table">
/// <item>0: the four bytes <c>LWCM</c>, then the format's version, 1, as a 32-bit number</item>
/// <item>8: SHA-256 of the recipe's text in UTF-8: what the code was made from and with, see <see cref="ModuleRecipe"/></item>
/// <item>40: length of the module in bytes, 64 bits</item>
/// <item>48: length of its outline, 64 bits; the outline is the module without its code section</item>
/// <item>56: length of the code, 64 bits; the code is an assembly of the common language</item>
/// <item>64: the outline, then the code, then SHA-256 of everything before</item>
/// </list>
/// The checksum finds damage, not forgery: who can write such files can run code in the process that loads them.
/// </summary>
internal static class ArtifactFormat
{
    private const int Version = 1;
    private const int HeaderBytes = 64;
    private const int DigestBytes = SHA256.HashSizeInBytes;
    private const int CodeSection = 10;
    private const int ModuleHeaderBytes = 8;

    private static ReadOnlySpan<byte> Magic => "LWCM"u8;

    public static byte[] Write(string recipe, long moduleBytes, ReadOnlySpan<byte> outline, ReadOnlySpan<byte> code)
    {
        var file = new byte[HeaderBytes + outline.Length + code.Length + DigestBytes];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), Version);
        SHA256.HashData(Encoding.UTF8.GetBytes(recipe), file.AsSpan(8));
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(40), moduleBytes);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(48), outline.Length);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(56), code.Length);
        outline.CopyTo(file.AsSpan(HeaderBytes));
        code.CopyTo(file.AsSpan(HeaderBytes + outline.Length));
        SHA256.HashData(file.AsSpan(0, file.Length - DigestBytes), file.AsSpan(file.Length - DigestBytes));
        return file;
    }

    /// <exception cref="WasmException">The file is damaged or of another kind (<see cref="WasmErrorKind.BadArtifact"/>).</exception>
    public static (ReadOnlyMemory<byte> Outline, ReadOnlyMemory<byte> Code, long ModuleBytes) Read(
        ReadOnlyMemory<byte> file,
        string recipe)
    {
        var bytes = file.Span;
        if (bytes.Length < HeaderBytes + DigestBytes || !bytes.StartsWith(Magic))
        {
            throw Bad("it is not a compiled module");
        }

        var version = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (version != Version)
        {
            throw Bad($"its format has version {version}, this engine reads {Version}");
        }

        Span<byte> digest = stackalloc byte[DigestBytes];
        SHA256.HashData(bytes[..^DigestBytes], digest);
        if (!digest.SequenceEqual(bytes[^DigestBytes..]))
        {
            throw Bad("it is damaged: its checksum does not fit");
        }

        SHA256.HashData(Encoding.UTF8.GetBytes(recipe), digest);
        if (!digest.SequenceEqual(bytes[8..40]))
        {
            throw Bad("it was made from another module, by another engine or runtime, or with other options");
        }

        var outline = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]);
        var code = BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]);
        if (outline < 0 || code < 0 || outline + code != bytes.Length - HeaderBytes - DigestBytes)
        {
            throw Bad("its lengths contradict each other");
        }

        return (
            file.Slice(HeaderBytes, (int)outline),
            file.Slice(HeaderBytes + (int)outline, (int)code),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]));
    }

    /// <summary>A module without its code section. The module must have been decoded before.</summary>
    public static byte[] Outline(ReadOnlySpan<byte> module)
    {
        var outline = new MemoryStream(module.Length);
        outline.Write(module[..ModuleHeaderBytes]);
        var reader = new Decoding.ByteReader(module[ModuleHeaderBytes..]);
        while (!reader.AtEnd)
        {
            var start = reader.Position;
            var id = reader.ReadByte();
            reader.ReadBytes(reader.ReadU32());
            if (id != CodeSection)
            {
                outline.Write(module[(ModuleHeaderBytes + start)..(ModuleHeaderBytes + reader.Position)]);
            }
        }

        return outline.ToArray();
    }

    private static WasmException Bad(string why) =>
        new(WasmErrorKind.BadArtifact, $"the compiled module cannot be loaded: {why}");
}
