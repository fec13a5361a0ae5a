namespace Larder.Oci.References;

/// <summary>A hash function that contents are named with.</summary>
public enum OciDigestAlgorithm
{
    /// <summary>SHA-256, which every registry uses.</summary>
    Sha256,

    /// <summary>SHA-512, which the specification allows.</summary>
    Sha512,
}
