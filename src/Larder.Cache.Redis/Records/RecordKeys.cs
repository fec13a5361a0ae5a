using System.Buffers.Text;
using System.Text;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Redis.Records;

/// <summary>
/// The keys of an artifact: <c>prefix{kind/fingerprint}</c> for its record, with <c>:generation:number</c> behind it for
/// a chunk and <c>:lease</c> for the lease of its fill. The braces put all of them on one node of a cluster.
/// </summary>
internal sealed class RecordKeys(string prefix)
{
    /// <summary>Room for any key.</summary>
    public const int MaxBytes = 512;

    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(prefix + "{");

    /// <summary>Writes the key of the record and returns its length.</summary>
    public int Write(ArtifactKey key, Span<byte> destination)
    {
        Span<byte> fingerprint = stackalloc byte[Fingerprint.Size];
        key.Fingerprint.CopyTo(fingerprint);
        _prefix.CopyTo(destination);
        var length = _prefix.Length;
        length += Encoding.ASCII.GetBytes(key.Kind.Name, destination[length..]);
        destination[length++] = (byte)'/';
        Convert.TryToHexStringLower(fingerprint, destination[length..], out var written);
        length += written;
        destination[length++] = (byte)'}';
        return length;
    }

    /// <summary>Writes the key of a chunk and returns its length.</summary>
    public int WriteChunk(ArtifactKey key, ReadOnlySpan<byte> generation, int index, Span<byte> destination)
    {
        var length = Write(key, destination);
        destination[length++] = (byte)':';
        Convert.TryToHexStringLower(generation, destination[length..], out var written);
        length += written;
        destination[length++] = (byte)':';
        Utf8Formatter.TryFormat(index, destination[length..], out written);
        return length + written;
    }

    /// <summary>Writes the key of the lease and returns its length.</summary>
    public int WriteLease(ArtifactKey key, Span<byte> destination)
    {
        var length = Write(key, destination);
        ":lease"u8.CopyTo(destination[length..]);
        return length + 6;
    }
}
