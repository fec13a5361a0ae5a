using Larder.Cache.Artifacts;
using Microsoft.Win32.SafeHandles;

namespace Larder.Oci.Layers;

/// <summary>
/// The right to read one object's bytes from an open file until <see cref="Dispose"/>; eviction takes the name away and leaves
/// the bytes.
/// </summary>
/// <remarks>A structure, so that a hit allocates nothing. Dispose exactly one copy, once.</remarks>
public struct ObjectLease : IDisposable
{
    private ArtifactLease _lease;

    internal ObjectLease(ArtifactLease lease, long offset, long length, bool isWholeFile)
    {
        _lease = lease;
        Offset = offset;
        Length = length;
        IsInFile = lease.Content.File is not null;
        IsWholeFile = isWholeFile && IsInFile;
    }

    /// <summary>The open file; read it with positions, and do not close it.</summary>
    /// <exception cref="InvalidOperationException">The lease was given back, or the object is not in a file.</exception>
    public readonly SafeFileHandle File => _lease.Content.File
        ?? throw new InvalidOperationException("The object is not in a file: the disk had no room for it.");

    /// <summary>Whether the object is in a file. One that was fetched and that the disk had no room for is in memory.</summary>
    public readonly bool IsInFile { get; }

    /// <summary>Where the object's first byte stands in the file.</summary>
    public readonly long Offset { get; }

    /// <summary>Length of the object in bytes.</summary>
    public readonly long Length { get; }

    /// <summary>Whether the file holds the object and nothing else, so that the kernel may be given all of it.</summary>
    public readonly bool IsWholeFile { get; }

    /// <summary>Which tier, or what else, the object was found in.</summary>
    public readonly TierKind Source => _lease.Source;

    /// <summary>Copies bytes of the object; returns how many, 0 at its end.</summary>
    /// <param name="offset">Offset in the object.</param>
    /// <param name="destination">Where they go.</param>
    /// <exception cref="Cache.CacheException">The disk failed, or the file was cut short.</exception>
    public readonly int Read(long offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var wanted = (int)Math.Clamp(Length - offset, 0, destination.Length);
        return wanted == 0 ? 0 : _lease.Content.Read(Offset + offset, destination[..wanted]);
    }

    /// <summary>Reads like <see cref="Read"/>, if the page cache holds all of it; false in every other case.</summary>
    public readonly bool TryReadCached(long offset, Span<byte> destination) =>
        offset >= 0
        && destination.Length <= Length - offset
        && _lease.Content.TryReadCached(Offset + offset, destination);

    /// <summary>Takes a second lease on the same bytes.</summary>
    public readonly ObjectLease Share()
    {
        var content = _lease.Content;
        return content.TryAcquire()
            ? new ObjectLease(new ArtifactLease(content, _lease.Source), Offset, Length, IsWholeFile)
            : throw new InvalidOperationException("The lease was given back.");
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();
}
