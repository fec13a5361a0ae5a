using System.Text;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Node;

/// <summary>Writes the few protobuf messages that tests send.</summary>
internal static class ProtobufBytes
{
    public static byte[] Field(int number, byte[] content) => [.. Varint(((ulong)number << 3) | 2), .. Varint((ulong)content.Length), .. content];

    public static byte[] Field(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    public static byte[] Number(int number, long value) => [.. Varint((ulong)number << 3), .. Varint((ulong)value)];

    public static byte[] Digest(Fingerprint hash, long length) => [.. Field(1, hash.ToString()), .. Number(2, length)];

    public static byte[] Digest(byte[] content) => Digest(Fingerprint.OfContent(content), content.Length);

    public static byte[] OutputFile(string path, byte[] content) => Field(2, [.. Field(1, path), .. Field(2, Digest(content)), .. Number(4, 1)]);

    public static byte[] InlineFile(string path, byte[] content) =>
        Field(2, [.. Field(1, path), .. Field(2, Digest(content)), .. Field(5, content)]);

    public static byte[] OutputDirectory(string path, byte[] tree) => Field(3, [.. Field(1, path), .. Field(3, Digest(tree))]);

    public static byte[] Tree(byte[] root, params byte[][] children) => [.. Field(1, root), .. children.SelectMany(static child => Field(2, child))];

    public static byte[] DirectoryOf(params byte[][] files) =>
        [.. files.SelectMany(static (file, index) => Field(1, [.. Field(1, $"f{index}"), .. Field(2, Digest(file))]))];

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }
}
