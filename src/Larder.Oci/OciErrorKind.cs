namespace Larder.Oci;

/// <summary>What an <see cref="OciException"/> is about.</summary>
public enum OciErrorKind
{
    /// <summary>Options contradict each other or are out of range.</summary>
    Configuration,

    /// <summary>A reference, digest or name is not written as it must be.</summary>
    InvalidReference,

    /// <summary>There is no such repository, tag, manifest, blob, path or platform.</summary>
    NotFound,

    /// <summary>The registry asks for credentials, or refuses those it got.</summary>
    Unauthorized,

    /// <summary>The registry cannot be reached, or fails, or asks to be left alone.</summary>
    Unavailable,

    /// <summary>The registry answered something that the protocol does not allow.</summary>
    Protocol,

    /// <summary>A manifest, index or configuration is malformed.</summary>
    InvalidManifest,

    /// <summary>The image uses what this version does not know.</summary>
    Unsupported,

    /// <summary>Bytes are not those that their digest names.</summary>
    DigestMismatch,

    /// <summary>A layer's archive or its index is malformed.</summary>
    InvalidLayer,

    /// <summary>A limit on size, count, depth or time was passed.</summary>
    LimitExceeded,

    /// <summary>The local disk failed or is full.</summary>
    Storage,

    /// <summary>The kernel or this process's rights do not allow the mount.</summary>
    Mount,
}
