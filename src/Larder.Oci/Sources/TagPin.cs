namespace Larder.Oci.Sources;

/// <summary>What an image was the last time that its tag was looked up.</summary>
public sealed record TagPin
{
    /// <summary>The whole reference that was asked for.</summary>
    public required string Reference { get; init; }

    /// <summary>The platform that was chosen.</summary>
    public required string Platform { get; init; }

    /// <summary>The digest that the tag stood for: of the index, or of the manifest when there is none.</summary>
    public required string Digest { get; init; }

    /// <summary>The digest of the platform's manifest.</summary>
    public required string Manifest { get; init; }

    /// <summary>How many layers the image has.</summary>
    public int Layers { get; init; }

    /// <summary>How many bytes its blobs have together.</summary>
    public long Bytes { get; init; }

    /// <summary>When it was looked up, in UTC.</summary>
    public DateTimeOffset At { get; init; }
}
