using System.Buffers;
using System.Buffers.Binary;

namespace Larder.Indexer.Merkle;

/// <summary>What an update does to the pages of a subtree, kept until it has been read and they are applied. For one thread.</summary>
internal sealed class PageLog
{
    private const int HeaderBytes = (3 * sizeof(ushort)) + sizeof(ulong);

    // In place of the length of the difference where the page was not read; no difference is so long.
    private const ushort NotRead = ushort.MaxValue;

    private byte[] _bytes = [];
    private int _length;

    internal void Add(in PageWrite write)
    {
        var key = write.Key;
        var page = write.Page;
        var before = write.Before;
        var length = HeaderBytes + key.Length + page.Length + before.Difference.Length;
        if (_bytes.Length - _length < length)
        {
            Grow(checked(Math.Max(Math.Max(_bytes.Length * 2, 4096), _length + length)));
        }

        var record = _bytes.AsSpan(_length, length);
        BinaryPrimitives.WriteUInt16LittleEndian(record, (ushort)key.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(record[2..], (ushort)page.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(record[4..], before.WasRead ? (ushort)before.Difference.Length : NotRead);
        BinaryPrimitives.WriteUInt64LittleEndian(record[6..], before.Version);
        key.CopyTo(record[HeaderBytes..]);
        page.CopyTo(record[(HeaderBytes + key.Length)..]);
        before.Difference.CopyTo(record[(HeaderBytes + key.Length + page.Length)..]);
        _length += length;
    }

    internal void ApplyTo(IPageStore pages)
    {
        var rest = _bytes.AsSpan(0, _length);
        while (!rest.IsEmpty)
        {
            var key = rest.Slice(HeaderBytes, BinaryPrimitives.ReadUInt16LittleEndian(rest));
            var page = rest.Slice(HeaderBytes + key.Length, BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]));
            var differenceBytes = BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]);
            var version = BinaryPrimitives.ReadUInt64LittleEndian(rest[6..]);
            rest = rest[(HeaderBytes + key.Length + page.Length)..];
            if (differenceBytes == NotRead)
            {
                pages.Write(new PageWrite(key, page, before: default));
            }
            else
            {
                pages.Write(new PageWrite(key, page, new PageBefore(version, rest[..differenceBytes])));
                rest = rest[differenceBytes..];
            }
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
