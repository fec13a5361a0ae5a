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
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var file = 0L; file < _files; file++)
        {
            var head = Head(file);
            hash.AppendData(head);
            hash.AppendData(_rest);
            BlobBytes += Member(head).Length + _restMember.Length;
        }

        hash.AppendData(new byte[1024]);
        BlobBytes += Member(new byte[1024]).Length;
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
        private readonly Queue<ReadOnlyMemory<byte>> _queue = new();
        private long _next;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => layer.BlobBytes;

        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));

        public override int Read(Span<byte> buffer)
        {
            if (_queue.Count == 0)
            {
                if (_next > layer._files)
                {
                    return 0;
                }

                _queue.Enqueue(Member(_next == layer._files ? new byte[1024] : Head(_next)));
                if (_next++ < layer._files)
                {
                    _queue.Enqueue(layer._restMember);
                }
            }

            var piece = _queue.Peek();
            var count = Math.Min(piece.Length, buffer.Length);
            piece.Span[..count].CopyTo(buffer);
            _queue.Dequeue();
            if (count < piece.Length)
            {
                // Back to the front.
                var rest = _queue.ToArray();
                _queue.Clear();
                _queue.Enqueue(piece[count..]);
                foreach (var later in rest)
                {
                    _queue.Enqueue(later);
                }
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
