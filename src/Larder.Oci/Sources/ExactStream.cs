using System.Security.Cryptography;
using Larder.Oci.References;

namespace Larder.Oci.Sources;

/// <summary>
/// A stream that gives exactly as many bytes as were announced, and the last of them only if the whole has the digest that
/// names it.
/// </summary>
/// <remarks>Read asynchronously, by one reader at a time.</remarks>
internal sealed class ExactStream : Stream
{
    private readonly Stream _source;
    private readonly long _length;
    private readonly OciDigest? _digest;
    private readonly string _what;
    private readonly IncrementalHash? _hash;
    private readonly Action? _damaged;
    private long _position;
    private bool _isChecked;

    /// <summary>Wraps a stream, which it disposes.</summary>
    /// <param name="source">Gives the bytes.</param>
    /// <param name="length">How many they must be.</param>
    /// <param name="digest">What their digest must be; null for a part, which cannot be compared.</param>
    /// <param name="what">What this is, for messages.</param>
    /// <param name="damaged">Told once when the digest is wrong.</param>
    public ExactStream(Stream source, long length, OciDigest? digest, string what, Action? damaged = null)
    {
        _source = source;
        _length = length;
        _digest = digest;
        _what = what;
        _damaged = damaged;
        _hash = digest?.CreateHash();
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position == _length)
        {
            // Only an empty content comes here unchecked.
            Check();
            return 0;
        }

        if (buffer.IsEmpty)
        {
            return 0;
        }

        var wanted = buffer.Length > _length - _position ? buffer[..(int)(_length - _position)] : buffer;
        var read = await _source.ReadAsync(wanted, cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            throw new OciException(OciErrorKind.DigestMismatch, $"{_what} ends {_length - _position} bytes early.");
        }

        _hash?.AppendData(wanted.Span[..read]);
        _position += read;
        if (_position == _length)
        {
            Check();
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync().ConfigureAwait(false);
        _hash?.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Dispose();
            _hash?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Check()
    {
        if (_isChecked || _hash is null || _digest is not { } expected)
        {
            return;
        }

        Span<byte> hash = stackalloc byte[64];
        var actual = OciDigest.FromHash(expected.Algorithm, hash[.._hash.GetCurrentHash(hash)]);
        if (actual != expected)
        {
            _damaged?.Invoke();
            throw new OciException(OciErrorKind.DigestMismatch, $"{_what} is damaged: its digest is {actual}.") { IsTransient = true };
        }

        _isChecked = true;
    }
}
