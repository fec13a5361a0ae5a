using Larder.Cache.Artifacts;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Sources;

namespace Larder.Bench.Layers;

/// <summary>A source of one blob that opens it by a delegate, and counts.</summary>
internal sealed class BenchSource(Func<long, Stream> open) : IImageSource
{
    private long _requests;
    private long _bytes;

    public string Name => "bench";

    public long Requests => _requests;

    public long Bytes => _bytes;

    public ValueTask<ResolvedImage> ResolveAsync(ImageReference reference, ImagePlatform? platform, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask<Stream> OpenBlobAsync(Descriptor blob, ByteRange? range, CancellationToken cancellationToken)
    {
        _requests++;
        return ValueTask.FromResult<Stream>(new Part(this, open(range?.Offset ?? 0), range?.Length ?? blob.Size));
    }

    private sealed class Part(BenchSource source, Stream inner, long length) : Stream
    {
        private long _given;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get => _given; set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, length - _given)], cancellationToken).ConfigureAwait(false);
            _given += count;
            source._bytes += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
