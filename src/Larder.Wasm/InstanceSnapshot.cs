using System.Collections.Immutable;
using Larder.Wasm.Execution;
using Larder.Wasm.Runtime;

namespace Larder.Wasm;

/// <summary>
/// Memories, globals and tables of an instance at one moment, without what it imports. It can be restored into that
/// instance or into other instances of the same module, in any store. Immutable; thread safe; disposing it leaves the
/// instances alone that were restored from it.
/// </summary>
public sealed class InstanceSnapshot : IDisposable
{
    internal InstanceSnapshot(
        CompiledModule module,
        ImmutableArray<RegionSnapshot> memories,
        RawValue[] globals,
        nint[][] tables,
        nint[] references,
        bool[] droppedData,
        bool[] droppedElements,
        SnapshotOrigin origin)
    {
        Module = module;
        Memories = memories;
        Globals = globals;
        Tables = tables;
        References = references;
        DroppedData = droppedData;
        DroppedElements = droppedElements;
        Origin = origin;
    }

    /// <summary>The module.</summary>
    public CompiledModule Module { get; }

    /// <summary>Bytes of the memories.</summary>
    public long ByteLength => Memories.Sum(memory => (long)memory.ByteLength);

    internal ImmutableArray<RegionSnapshot> Memories { get; }

    internal RawValue[] Globals { get; }

    internal nint[][] Tables { get; }

    // Every reference in globals and tables that was not null, without repetition.
    internal nint[] References { get; }

    internal bool[] DroppedData { get; }

    internal bool[] DroppedElements { get; }

    internal SnapshotOrigin Origin { get; }

    /// <summary>Frees the images.</summary>
    public void Dispose()
    {
        foreach (var memory in Memories)
        {
            memory.Dispose();
        }
    }
}
