namespace Larder.Cache.Redis.Clusters;

/// <summary>
/// The slot of a key in a cluster: CRC-16 (polynomial 0x1021) of the part between the first braces, modulo 16,384.
/// Source: Redis cluster specification, appendix A.
/// </summary>
internal static class HashSlot
{
    /// <summary>How many slots there are.</summary>
    public const int Count = 16384;

    private static readonly ushort[] Table = MakeTable();

    /// <summary>The slot of a key.</summary>
    public static int Of(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        if (open >= 0)
        {
            var length = key[(open + 1)..].IndexOf((byte)'}');
            if (length > 0)
            {
                key = key.Slice(open + 1, length);
            }
        }

        ushort checksum = 0;
        foreach (var value in key)
        {
            checksum = (ushort)((checksum << 8) ^ Table[(checksum >> 8) ^ value]);
        }

        return checksum % Count;
    }

    private static ushort[] MakeTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < table.Length; i++)
        {
            var value = i << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 0x8000) != 0 ? (value << 1) ^ 0x1021 : value << 1;
            }

            table[i] = (ushort)value;
        }

        return table;
    }
}
