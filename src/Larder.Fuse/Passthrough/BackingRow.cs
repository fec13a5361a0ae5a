using System.Runtime.InteropServices;

namespace Larder.Fuse.Passthrough;

/// <summary>What is kept of a node with opens or a backing file, in memory that outlives this process.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BackingRow
{
    /// <summary>The node; 0 where the row is free.</summary>
    public ulong Node;

    /// <summary>The kernel's number of the backing file; 0 for a node that is open without one.</summary>
    public int Backing;

    /// <summary>How often the node is open at the kernel; never less than it really is.</summary>
    public int Opens;
}
