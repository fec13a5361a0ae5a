using System.Collections.Concurrent;
using Larder.Cache.Artifacts;
using Larder.Oci;
using Larder.Oci.Layers;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Sources;

namespace Larder.Tests.Oci.Layers;

/// <summary>A registry in memory that counts, waits, breaks off and lies when told to.</summary>
internal sealed class MemorySource : IImageSource
{
    private readonly ConcurrentDictionary<OciDigest, byte[]> _blobs = new();
    private long _requests;
    private long _bytes;
    private int _open;

    public string Name => "memory";

    /// <summary>Requests for blobs.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Ranges that were asked for.</summary>
    public ConcurrentQueue<ByteRange?> Ranges { get; } = new();

    /// <summary>Bytes that were given.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Streams of blobs that are not disposed.</summary>
    public int OpenStreams => Volatile.Read(ref _open);

    /// <summary>Awaited before each read, with how many bytes of the blob were given by then.</summary>
    public Func<long, Task> BeforeRead { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Most bytes of one read.</summary>
    public int PieceBytes { get; set; } = 50_000;

    /// <summary>Gives the layer a blob here.</summary>
    /// <param name="archive">The uncompressed layer.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="diffId">The diff id that is claimed; null for the right one.</param>
    public LayerOrigin Add(byte[] archive, byte[] blob, OciDigest? diffId = null)
    {
        var digest = OciDigest.Of(blob);
        _blobs[digest] = blob;
        var descriptor = new Descriptor { MediaType = "application/vnd.oci.image.layer.v1.tar", Digest = digest, Size = blob.Length };
        return new LayerOrigin(this, new ImageLayer(descriptor, diffId ?? OciDigest.Of(archive)));
    }

    /// <summary>Changes a byte of a blob under its name.</summary>
    public void Damage(LayerOrigin origin, int offset) => _blobs[origin.Layer.Blob.Digest][offset] ^= 0x20;

    /// <summary>Loses a blob.</summary>
    public void Remove(LayerOrigin origin) => _blobs.TryRemove(origin.Layer.Blob.Digest, out _);

    public ValueTask<ResolvedImage> ResolveAsync(ImageReference reference, ImagePlatform? platform, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask<Stream> OpenBlobAsync(Descriptor blob, ByteRange? range, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        Ranges.Enqueue(range);
        if (!_blobs.TryGetValue(blob.Digest, out var bytes))
        {
            throw new OciException(OciErrorKind.NotFound, $"There is no blob {blob.Digest}.");
        }

        var part = range ?? new ByteRange(0, bytes.Length);
        Interlocked.Increment(ref _open);
        return ValueTask.FromResult<Stream>(new BlobStream(this, bytes, part, range is null ? blob.Digest : null));
    }

    private sealed class BlobStream(MemorySource source, byte[] bytes, ByteRange part, OciDigest? expected) : Stream
    {
        private long _given;
        private int _disposed;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => part.Length;

        public override long Position { get => _given; set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await source.BeforeRead(part.Offset + _given).WaitAsync(cancellationToken);
            var count = (int)Math.Min(Math.Min(source.PieceBytes, buffer.Length), part.Length - _given);
            if (count == part.Length - _given && expected is { } digest && !digest.Matches(bytes))
            {
                throw new OciException(OciErrorKind.DigestMismatch, $"Blob {digest} has another digest.");
            }

            bytes.AsMemory((int)(part.Offset + _given), count).CopyTo(buffer);
            _given += count;
            Interlocked.Add(ref source._bytes, count);
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                Interlocked.Decrement(ref source._open);
            }

            base.Dispose(disposing);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
