namespace Larder.Cache.Disk;

/// <summary>State of a slot of the index.</summary>
[Flags]
internal enum DiskSlotFlags : byte
{
    None = 0,

    /// <summary>The slot holds an entry.</summary>
    Live = 1,

    /// <summary>In the main queue; otherwise in the small one.</summary>
    Main = 2,

    /// <summary>The trailer lies in a file beside the payload.</summary>
    Raw = 4,

    /// <summary>Seen on disk since the tier was opened; otherwise only known from the index file.</summary>
    Confirmed = 8,
}
