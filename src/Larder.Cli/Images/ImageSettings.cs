namespace Larder.Cli.Images;

/// <summary>Where layers are kept, and how images are got.</summary>
internal sealed record ImageSettings
{
    /// <summary>The cache directory.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Most bytes that it may take.</summary>
    public long CapacityBytes { get; init; } = 32L * 1024 * 1024 * 1024;

    /// <summary>The remote tier, such as <c>http://host:7070</c> or <c>redis://host</c>; null for none.</summary>
    public string? Remote { get; init; }

    /// <summary>The platform, such as <c>linux/arm64</c>; null for this machine's.</summary>
    public string? Platform { get; init; }

    /// <summary>Whether registries are spoken to without TLS.</summary>
    public bool PlainHttp { get; init; }
}
