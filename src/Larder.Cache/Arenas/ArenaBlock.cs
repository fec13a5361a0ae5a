using System.Runtime.InteropServices;

namespace Larder.Cache.Arenas;

/// <summary>
/// A handle to live bytes of one <see cref="Arena"/>, from <see cref="Arena.TryAllocate"/> to <see cref="Arena.Free"/>.
/// The default value is no block.
/// </summary>
/// <remarks>A value without ownership: whoever allocated the block frees it, exactly once.</remarks>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ArenaBlock
{
    internal ArenaBlock(long offset, long length, int node, uint generation)
    {
        Offset = offset;
        Length = length;
        Node = node;
        Generation = generation;
    }

    /// <summary>Where the block begins, in bytes from the start of the region; a multiple of 64.</summary>
    public long Offset { get; }

    /// <summary>Length that was asked for, in bytes.</summary>
    public long Length { get; }

    /// <summary>Whether this is no block.</summary>
    public bool IsDefault => Generation == 0;

    /// <summary>The allocator's number for the block.</summary>
    internal int Node { get; }

    /// <summary>Tells this block from earlier and later ones of the same node; odd for every block that was ever live.</summary>
    internal uint Generation { get; }
}
