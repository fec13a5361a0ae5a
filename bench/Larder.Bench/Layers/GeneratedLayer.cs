using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Larder.Bench.Layers;

/// <summary>A gzip layer of any length that is never held as a whole: files of 2 MiB, no two of which are equal.</summary>
internal sealed class GeneratedLayer
{
    private const int FileBytes = 2 * 1024 * 1024;
    private const int UniqueBytes = 4096;

    private readonly byte[] _rest;
    private readonly byte[] _restMember;

    // Made before anything is measured, so that only the import allocates: some hundred bytes a file.
    private readonly byte[][] _members;
    private readonly long _files;

    public GeneratedLayer(long archiveBytes)
    {
        _files = archiveBytes / FileBytes;
        _rest = new byte[FileBytes - UniqueBytes];
        var random = new Random(7);
        for (var i = 0; i < _rest.Length; i++)
        {
            // About as dense as programs are.
            _rest[i] = (byte)(i % 3 == 0 ? random.Next(256) : 'a' + (i / 7 % 13));
        }

        _restMember = Member(_rest);
        _members = new byte[_files + 1][];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var file = 0L; file < _files; file++)
        {
            var head = Head(file);
            hash.AppendData(head);
            hash.AppendData(_rest);
            _members[file] = Member(head);
            BlobBytes += _members[file].Length + _restMember.Length;
        }

        hash.AppendData(new byte[1024]);
        _members[_files] = Member(new byte[1024]);
        BlobBytes += _members[_files].Length;
        DiffId = hash.GetHashAndReset();
    }

    public byte[] DiffId { get; }

    public long BlobBytes { get; }

    public long ArchiveBytes => (_files * (FileBytes + 512)) + 1024;

    public Stream Open() => new Generator(this);

    private static byte[] Member(byte[] content)
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return stream.ToArray();
    }

    private static byte[] Head(long file)
    {
        var head = new byte[512 + UniqueBytes];
        Encoding.ASCII.GetBytes($"data/file{file}").CopyTo(head, 0);
        Encoding.ASCII.GetBytes("0000644\00000000\00000000\0").CopyTo(head, 100);
        Encoding.ASCII.GetBytes(Convert.ToString(FileBytes, 8).PadLeft(11, '0')).CopyTo(head, 124);
        Encoding.ASCII.GetBytes("14540000000\0        0").CopyTo(head, 136);
        Encoding.ASCII.GetBytes("ustar\000").CopyTo(head, 257);
        var sum = head.AsSpan(0, 512).ToArray().Sum(static value => value);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(head, 148);
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"file {file}")).CopyTo(head, 512);
        return head;
    }

    private sealed class Generator(GeneratedLayer layer) : Stream
    {
        // Two pieces a file: its own, and what it shares with all others.
        private long _piece;
        private int _used;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => layer.BlobBytes;

        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));

        public override int Read(Span<byte> buffer)
        {
            if (_piece > 2 * layer._files)
            {
                return 0;
            }

            var piece = _piece % 2 == 0 ? layer._members[_piece / 2] : layer._restMember;
            var count = Math.Min(piece.Length - _used, buffer.Length);
            piece.AsSpan(_used, count).CopyTo(buffer);
            _used += count;
            if (_used == piece.Length)
            {
                _piece++;
                _used = 0;
            }

            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
