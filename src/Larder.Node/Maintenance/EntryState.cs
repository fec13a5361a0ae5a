namespace Larder.Node.Maintenance;

/// <summary>What re-reading one artifact found.</summary>
internal enum EntryState : byte
{
    /// <summary>It is not stored, or was not found sound enough to be opened.</summary>
    Absent,

    /// <summary>Its bytes have their digest.</summary>
    Sound,

    /// <summary>They do not; it was removed.</summary>
    Damaged,
}
