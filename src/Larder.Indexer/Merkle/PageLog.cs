using System.Buffers;
using System.Buffers.Binary;

namespace Larder.Indexer.Merkle;

/// <summary>What an update does to pages, kept until all reads are over and they are applied. For one thread.</summary>
internal sealed class PageLog
{
    private const int HeaderBytes = 4;

    private byte[] _bytes = [];
    private int _length;

    internal void Write(ReadOnlySpan<byte> key, ReadOnlySpan<byte> page)
    {
        var length = HeaderBytes + key.Length + page.Length;
        if (_bytes.Length - _length < length)
        {
            Grow(checked(Math.Max(Math.Max(_bytes.Length * 2, 4096), _length + length)));
        }

        var record = _bytes.AsSpan(_length, length);
        BinaryPrimitives.WriteUInt16LittleEndian(record, (ushort)key.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(record[2..], (ushort)page.Length);
        key.CopyTo(record[HeaderBytes..]);
        page.CopyTo(record[(HeaderBytes + key.Length)..]);
        _length += length;
    }

    internal void Delete(ReadOnlySpan<byte> key) => Write(key, []);

    internal void ApplyTo(IPageStore pages)
    {
        var rest = _bytes.AsSpan(0, _length);
        while (!rest.IsEmpty)
        {
            var key = rest.Slice(HeaderBytes, BinaryPrimitives.ReadUInt16LittleEndian(rest));
            var page = rest.Slice(HeaderBytes + key.Length, BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]));
            if (page.IsEmpty)
            {
                pages.Delete(key);
            }
            else
            {
                pages.Write(key, page);
            }

            rest = rest[(HeaderBytes + key.Length + page.Length)..];
        }

        Release();
    }

    private void Grow(int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(length);
        _bytes.AsSpan(0, _length).CopyTo(larger);
        var used = _length;
        Release();
        (_bytes, _length) = (larger, used);
    }

    private void Release()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }

        (_bytes, _length) = ([], 0);
    }
}
