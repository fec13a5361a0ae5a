namespace Larder.Tests.Oci.Support;

/// <summary>How the layers of an image are stored.</summary>
public enum LayerForm
{
    /// <summary>OCI, gzip.</summary>
    Gzip,

    /// <summary>OCI, gzip in several members.</summary>
    GzipMembers,

    /// <summary>OCI, zstd in several frames that store.</summary>
    Zstd,

    /// <summary>OCI, not compressed.</summary>
    Plain,

    /// <summary>Docker's version 2, schema 2, with gzip.</summary>
    Docker,
}
