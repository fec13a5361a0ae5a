using System.Security.Cryptography;
using Larder.Cache.Fingerprints;

namespace Larder.Indexer.State;

/// <summary>Reads or writes a stream and hashes what passes.</summary>
internal sealed class HashingStream(Stream stream) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        stream.Write(bytes);
    }

    /// <summary>Reads so many bytes.</summary>
    /// <exception cref="IndexerException">There are fewer.</exception>
    public void Read(Span<byte> bytes)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw new IndexerException(IndexerErrorKind.Damaged, "The snapshot is damaged: it ends too early. Fetch it again.");
        }

        _hash.AppendData(bytes);
    }

    /// <summary>The digest of what has passed.</summary>
    public Fingerprint Digest()
    {
        Span<byte> digest = stackalloc byte[Fingerprint.Size];
        _hash.GetCurrentHash(digest);
        return new Fingerprint(digest);
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
