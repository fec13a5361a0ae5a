using Larder.Cache.Disk;

namespace Larder.Cache;

/// <summary>How the cache treats the artifacts of one kind.</summary>
public sealed record KindOptions
{
    /// <summary>Whether the memory tier holds them. Default true.</summary>
    public bool Memory { get; init; } = true;

    /// <summary>Whether the disk tier holds them. Default true.</summary>
    public bool Disk { get; init; } = true;

    /// <summary>Whether the remote tier is asked for them and given them. Default true.</summary>
    public bool Remote { get; init; } = true;

    /// <summary>Whether the fingerprint is the digest of the bytes and is checked against them. Default false.</summary>
    public bool ContentAddressed { get; init; }

    /// <summary>Largest artifact that the memory tier takes, in bytes. Default 1 MiB.</summary>
    public long MaxMemoryEntryBytes { get; init; } = 1024 * 1024;

    /// <summary>Largest artifact that is taken at all, in bytes. Default 16 GiB.</summary>
    public long MaxEntryBytes { get; init; } = 16L * 1024 * 1024 * 1024;

    /// <summary>File form in the disk tier. Default <see cref="DiskForm.Framed"/>.</summary>
    public DiskForm DiskForm { get; init; } = DiskForm.Framed;

    /// <summary>
    /// How long a fill's deterministic failure answers later callers; zero switches that off. Default 5 seconds.
    /// </summary>
    public TimeSpan FailureTtl { get; init; } = TimeSpan.FromSeconds(5);
}
