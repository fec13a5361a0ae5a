namespace Larder.Cli.Stores;

/// <summary>What re-reading one artifact found.</summary>
internal enum VerifyResult
{
    /// <summary>It is not stored.</summary>
    Absent,

    /// <summary>Its bytes have their digest.</summary>
    Sound,

    /// <summary>They do not; it was set aside.</summary>
    Damaged,
}
