using Larder.Cache.Artifacts;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cache.Disk;

/// <summary>Finished files that have no place in the directory yet. The handles pass to the content on success.</summary>
internal sealed class UnpublishedEntry
{
    public required ArtifactKey Key { get; init; }

    public required DiskKind Kind { get; init; }

    public required ArtifactMetadata Metadata { get; init; }

    /// <summary>The payload's unfinished name.</summary>
    public required string Path { get; init; }

    /// <summary>The same file, open for reading only.</summary>
    public required SafeFileHandle File { get; init; }

    /// <summary>The unfinished name of the file with the trailer; null when the trailer follows the payload.</summary>
    public string? MetadataPath { get; init; }

    public SafeFileHandle? MetadataFile { get; init; }

    /// <summary>Blocks that the files take.</summary>
    public required uint Blocks { get; init; }

    /// <summary>What the entry will take from the capacity, without directories.</summary>
    public long Weight => ((long)Blocks * DiskSlot.BlockBytes) + DiskSlot.OverheadBytes;

    /// <summary>What the writer has booked and nothing was made of yet.</summary>
    public required long ReservedBytes { get; set; }

    /// <summary>Whether the file with the trailer has its final name already.</summary>
    public bool IsMetadataNamed { get; set; }
}
