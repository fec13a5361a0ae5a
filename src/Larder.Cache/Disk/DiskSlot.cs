using System.Runtime.InteropServices;
using Larder.Cache.Fingerprints;

namespace Larder.Cache.Disk;

/// <summary>What the index keeps of one entry: 72 bytes.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct DiskSlot
{
    /// <summary>Bytes a block of the file system is counted as.</summary>
    public const int BlockBytes = 4096;

    /// <summary>
    /// Bytes an entry is charged beyond its files' blocks: its names in directories, which on common file systems are
    /// split half full and never shrink, and its record in the index file and in the one being written.
    /// </summary>
    public const int OverheadBytes = 512;

    public Fingerprint Fingerprint;

    /// <summary>The first eight bytes of the SHA-256 of the owner's name; 0 without one.</summary>
    public ulong Owner;

    /// <summary>Payload length in bytes.</summary>
    public long Length;

    /// <summary>Blocks of the entry's files.</summary>
    public uint Blocks;

    /// <summary>Seconds since 1970 of the last use, for people.</summary>
    public uint LastUse;

    /// <summary>Counts up as entries enter a queue; gives the queue's order when the index is written out.</summary>
    public uint Order;

    /// <summary>Neighbours in the queue, or in the list of free slots; -1 at the ends.</summary>
    public int Next;
    public int Previous;

    public ushort Kind;

    /// <summary>Uses since the queue last looked, up to <see cref="DiskIndex.MaxFrequency"/>. Written without a lock.</summary>
    public byte Frequency;

    public DiskSlotFlags Flags;

    /// <summary>What the entry takes from the capacity, in bytes.</summary>
    public readonly long Weight => ((long)Blocks * BlockBytes) + OverheadBytes;
}
