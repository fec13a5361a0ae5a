namespace Larder.Oci.Indexes;

/// <summary>
/// The fixed part of an entry, as the archive has it. Whiteouts and opaque markers are entries like any other, known by
/// their names when layers are merged.
/// </summary>
public readonly record struct LayerEntry
{
    /// <summary>What the entry is.</summary>
    public LayerEntryType Type { get; init; }

    /// <summary>Permission bits with set-user-id, set-group-id and sticky: at most octal 07777.</summary>
    public ushort Mode { get; init; }

    /// <summary>The owner.</summary>
    public uint UserId { get; init; }

    /// <summary>The group.</summary>
    public uint GroupId { get; init; }

    /// <summary>Logical length of a regular file in bytes, holes included; 0 for everything else.</summary>
    public long Size { get; init; }

    /// <summary>Time of the last change, in seconds since 1970, rounded down; negative before.</summary>
    public long ModifiedSeconds { get; init; }

    /// <summary>Nanoseconds after <see cref="ModifiedSeconds"/>, 0 to 999,999,999.</summary>
    public uint ModifiedNanoseconds { get; init; }

    /// <summary>Major number of a device; 0 for everything else.</summary>
    public uint DeviceMajor { get; init; }

    /// <summary>Minor number of a device; 0 for everything else.</summary>
    public uint DeviceMinor { get; init; }
}
