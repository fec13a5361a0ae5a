namespace Larder.Fuse;

/// <summary>What a mount has done since it was made or taken over.</summary>
public sealed record FuseStatistics
{
    /// <summary>Requests in all.</summary>
    public required long Requests { get; init; }

    /// <summary>LOOKUP requests.</summary>
    public required long Lookups { get; init; }

    /// <summary>OPEN requests.</summary>
    public required long Opens { get; init; }

    /// <summary>Opens that the kernel serves from a backing file by itself, counting those answered at once.</summary>
    public required long PassthroughOpens { get; init; }

    /// <summary>READ requests.</summary>
    public required long Reads { get; init; }

    /// <summary>READDIR and READDIRPLUS requests.</summary>
    public required long DirectoryReads { get; init; }

    /// <summary>GETXATTR and LISTXATTR requests.</summary>
    public required long ExtendedAttributeReads { get; init; }

    /// <summary>Requests that were taken over to be answered later.</summary>
    public required long Deferred { get; init; }

    /// <summary>Requests that are taken over and not answered now.</summary>
    public required int InFlight { get; init; }

    /// <summary>Requests that the file system failed to answer, which were answered with EIO.</summary>
    public required long Failures { get; init; }

    /// <summary>Messages that were no well-formed requests.</summary>
    public required long Malformed { get; init; }

    /// <summary>Backing files that the kernel knows now.</summary>
    public required int Backings { get; init; }
}
