namespace Larder.Cache.Disk;

/// <summary>
/// Who takes how much of the capacity. A plain structure; guarded by the tier's gate. Everything that lies on disk is
/// in exactly one of these sums.
/// </summary>
internal sealed class DiskBudget
{
    /// <summary>Most bytes that all sums together may reach by what this process adds.</summary>
    public long CapacityBytes { get; set; }

    /// <summary>Most entries, reserved ones included; -1 without a limit.</summary>
    public long MaxEntries { get; set; }

    /// <summary>Weight of the indexed entries.</summary>
    public long LiveBytes { get; set; }

    /// <summary>Booked by writers that have not committed.</summary>
    public long ReservedBytes { get; set; }

    /// <summary>Entries booked by writers that have not committed.</summary>
    public long ReservedEntries { get; set; }

    /// <summary>Weight of what was removed from the index and still has its files.</summary>
    public long DyingBytes { get; set; }

    /// <summary>Weight of files without a name that a lease keeps open.</summary>
    public long PinnedBytes { get; set; }

    /// <summary>Directories and the tier's own files.</summary>
    public long OverheadBytes { get; set; }

    /// <summary>What failed verification and is kept aside.</summary>
    public long QuarantinedBytes { get; set; }

    /// <summary>What an earlier run may have left that recovery has not found yet.</summary>
    public long UnaccountedBytes { get; set; }

    /// <summary>Everything together.</summary>
    public long UsedBytes =>
        LiveBytes + ReservedBytes + DyingBytes + PinnedBytes + OverheadBytes + QuarantinedBytes + UnaccountedBytes;
}
