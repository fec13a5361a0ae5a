using System.Collections.Immutable;
using Larder.Wasm.Artifacts;
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

    /// <summary>Bytes that it takes by itself: less than the memories where it is kept as differences from another one.</summary>
    public long OwnBytes => Memories.Sum(memory => (long)memory.OwnBytes);

    internal ImmutableArray<RegionSnapshot> Memories { get; }

    internal RawValue[] Globals { get; }

    internal nint[][] Tables { get; }

    // Every reference in globals and tables that was not null, without repetition.
    internal nint[] References { get; }

    internal bool[] DroppedData { get; }

    internal bool[] DroppedElements { get; }

    internal SnapshotOrigin Origin { get; }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="module">The module whose instances it can be restored into.</param>
    /// <param name="saved">The saved bytes.</param>
    /// <exception cref="WasmException">
    /// The bytes are damaged, or of another module, engine or way to compile (<see cref="WasmErrorKind.BadArtifact"/>).
    /// </exception>
    public static InstanceSnapshot Load(CompiledModule module, ReadOnlyMemory<byte> saved)
    {
        ArgumentNullException.ThrowIfNull(module);
        return SnapshotFormat.Read(module, saved);
    }

    /// <summary>The snapshot as bytes, for another process with the same module and the same engine.</summary>
    /// <exception cref="NotSupportedException">Tables or globals hold functions of other instances.</exception>
    public byte[] Save() => SnapshotFormat.Write(this);

    /// <summary>Frees the images.</summary>
    public void Dispose()
    {
        foreach (var memory in Memories)
        {
            memory.Dispose();
        }
    }
}
