namespace Larder.Indexer.State;

/// <summary>Keeps short runs of bytes in blocks that are used again, so that many of them cost no garbage. For one thread.</summary>
internal sealed class ChunkedBytes
{
    private const int BlockBytes = 256 << 10;
    private const int KeptBlocks = 32;

    private readonly List<byte[]> _blocks = [];
    private int _block;
    private int _offset;

    /// <summary>Bytes that are taken.</summary>
    public long Length => ((long)_block * BlockBytes) + _offset;

    /// <summary>Room for so many bytes, at most a block of 256 KiB.</summary>
    /// <param name="count">How many may be written there.</param>
    /// <param name="place">Where they are.</param>
    public Span<byte> Reserve(int count, out long place)
    {
        if (_offset + count > BlockBytes)
        {
            _block++;
            _offset = 0;
        }

        if (_block == _blocks.Count)
        {
            _blocks.Add(new byte[BlockBytes]);
        }

        place = Length;
        return _blocks[_block].AsSpan(_offset, count);
    }

    /// <summary>Takes what was reserved, or the beginning of it.</summary>
    public void Take(int count) => _offset += count;

    public ReadOnlySpan<byte> Get(long place, int length) => _blocks[(int)(place / BlockBytes)].AsSpan((int)(place % BlockBytes), length);

    /// <summary>Forgets everything and keeps some of the memory.</summary>
    public void Clear()
    {
        if (_blocks.Count > KeptBlocks)
        {
            _blocks.RemoveRange(KeptBlocks, _blocks.Count - KeptBlocks);
        }

        (_block, _offset) = (0, 0);
    }
}
