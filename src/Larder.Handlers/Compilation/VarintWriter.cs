namespace Larder.Handlers.Compilation;

/// <summary>Writes numbers of seven bits a byte, the lowest first; the counterpart of <see cref="VarintReader"/>.</summary>
internal readonly struct VarintWriter()
{
    private readonly List<byte> _bytes = [];

    /// <summary>Adds a number of at most 35 bits.</summary>
    public void Add(long value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Add((byte)(value | 0x80));
        }

        _bytes.Add((byte)value);
    }

    /// <summary>What was written.</summary>
    public byte[] ToArray() => [.. _bytes];
}
