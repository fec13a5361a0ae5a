using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Larder.Indexer.Blocks;

/// <summary>
/// One file of a node's own: blocks each after a mark of 4 bytes and a length of 4 bytes, little endian; newer nodes mask the file
/// with a repeated key of 8 bytes.
/// </summary>
internal sealed class ChainFile : IDisposable
{
    private const int FrameBytes = 8;

    private readonly SafeFileHandle _handle;
    private readonly byte[]? _mask;
    private readonly long _length;

    private ChainFile(string path, SafeFileHandle handle, byte[]? mask)
    {
        Path = path;
        _handle = handle;
        _mask = mask;
        _length = RandomAccess.GetLength(handle);
    }

    public string Path { get; }

    /// <exception cref="IndexerException">It is not there or may not be read.</exception>
    public static ChainFile Open(string path, byte[]? mask)
    {
        try
        {
            return new ChainFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), mask);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"'{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The mark that the file begins with; null when the file is empty or was only reserved.</summary>
    public uint? Mark()
    {
        Span<byte> bytes = stackalloc byte[4];
        return Read(bytes, 0) < bytes.Length || IsUnused(0, bytes.Length) ? null : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>Finds the next block at or after an offset.</summary>
    /// <param name="offset">Where to look; afterwards where the block's bytes begin.</param>
    /// <param name="mark">What stands before each block.</param>
    /// <param name="maxBytes">The longest block that is believed.</param>
    /// <param name="length">Bytes of the block.</param>
    /// <returns>False at the end of what the file has.</returns>
    /// <exception cref="IndexerException">A block is longer than the limit, or than the rest of the file.</exception>
    public bool TryFind(ref long offset, uint mark, int maxBytes, out int length)
    {
        length = 0;
        Span<byte> frame = stackalloc byte[FrameBytes];
        if (Read(frame, offset) < FrameBytes || IsUnused(offset, FrameBytes))
        {
            return false;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(frame) != mark)
        {
            // What a node that was killed left half written lies between blocks.
            offset = Search(offset + 1, mark);
            if (offset < 0 || Read(frame, offset) < FrameBytes)
            {
                return false;
            }
        }

        var claimed = BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]);
        if (claimed > maxBytes || claimed < BlockHeader.Size)
        {
            throw Bad(offset, $"claims {claimed} bytes; a block has from {BlockHeader.Size} to {maxBytes}");
        }

        if (offset + FrameBytes + claimed > _length)
        {
            throw Bad(offset, $"has {claimed} bytes, and the file ends after {_length - offset - FrameBytes} of them");
        }

        offset += FrameBytes;
        length = (int)claimed;
        return true;
    }

    /// <summary>Reads bytes at an offset; gives how many there were.</summary>
    public int Read(Span<byte> destination, long offset)
    {
        var count = 0;
        try
        {
            while (count < destination.Length && RandomAccess.Read(_handle, destination[count..], offset + count) is > 0 and var read)
            {
                count += read;
            }
        }
        catch (IOException e)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"'{Path}' cannot be read: {e.Message}", e);
        }

        if (_mask is not null)
        {
            for (var i = 0; i < count; i++)
            {
                destination[i] ^= _mask[(int)((offset + i) % _mask.Length)];
            }
        }

        return count;
    }

    // The offset of the next mark; -1 when there is none.
    private long Search(long offset, uint mark)
    {
        Span<byte> wanted = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(wanted, mark);
        var buffer = new byte[64 * 1024];
        while (Read(buffer, offset) is >= 4 and var count)
        {
            var found = buffer.AsSpan(0, count).IndexOf(wanted);
            if (found >= 0)
            {
                return offset + found;
            }

            offset += count - 3;
        }

        return -1;
    }

    public void Dispose() => _handle.Dispose();

    // Space that a node reserved and has not used is zero on the disk, masked or not.
    private bool IsUnused(long offset, int count)
    {
        Span<byte> raw = stackalloc byte[FrameBytes];
        raw = raw[..count];
        return RandomAccess.Read(_handle, raw, offset) == count && !raw.ContainsAnyExcept((byte)0);
    }

    private IndexerException Bad(long offset, string what) =>
        new(IndexerErrorKind.BadBlock, $"{Path}: the block at byte {offset} {what}.");
}
