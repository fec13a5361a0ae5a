using System.Buffers.Binary;
using System.IO.Compression;

namespace Larder.Bench.HitRatio;

/// <summary>A log of requests: dense key numbers in order of first appearance, and the size of each request.</summary>
internal sealed class Trace
{
    private Trace(string name, int[] keys, uint[] sizes)
    {
        Name = name;
        Keys = keys;
        Sizes = sizes;
        UniqueKeys = keys.Length == 0 ? 0 : keys.Max() + 1;
        uint[] last = new uint[UniqueKeys];

        for (int request = 0; request < keys.Length; request++)
        {
            last[keys[request]] = sizes[request];
            RequestedBytes += sizes[request];
        }

        UniqueBytes = last.Sum(size => (long)size);
        Sized = last.Any(size => size > 1);
    }

    public string Name { get; }

    public int[] Keys { get; }

    public uint[] Sizes { get; }

    public int UniqueKeys { get; }

    /// <summary>Sum of the last size of every key.</summary>
    public long UniqueBytes { get; }

    public long RequestedBytes { get; }

    /// <summary>Whether the log tells sizes at all.</summary>
    public bool Sized { get; }

    /// <summary>Reads a gzip stream of little-endian pairs of 32-bit key and size.</summary>
    public static Trace Read(string name, string path)
    {
        using MemoryStream plain = new();

        using (GZipStream unzip = new(File.OpenRead(path), CompressionMode.Decompress))
        {
            unzip.CopyTo(plain);
        }

        ReadOnlySpan<byte> bytes = plain.GetBuffer().AsSpan(0, (int)plain.Length);
        int requests = bytes.Length / 8;
        int[] keys = new int[requests];
        uint[] sizes = new uint[requests];

        for (int request = 0; request < requests; request++)
        {
            keys[request] = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes[(request * 8)..]);
            sizes[request] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[((request * 8) + 4)..]);
        }

        return new Trace(name, keys, sizes);
    }
}
