using System.Collections.Immutable;
using Larder.Wasm.Compilation;
using Larder.Wasm.Execution;
using Larder.Wasm.Runtime;

namespace Larder.Wasm;

// Images of an instance's state.
public sealed unsafe partial class Instance
{
    private static long _created;

    private readonly long _number = Interlocked.Increment(ref _created);

    private SnapshotOrigin Origin =>
        new(_number, (nint)_records, Module.Layout.Referenced.Length, (nint)_base);

    /// <summary>Takes an image of what the instance holds: its own memories, globals and tables.</summary>
    /// <param name="basis">
    /// An image of the same module, commonly the one that the instance began as. What does not differ from it is not kept
    /// twice, and an instance changes from one to the other at the price of the pages that differ. It must outlive the new one,
    /// which cannot be restored any more when it is disposed.
    /// </param>
    /// <exception cref="ArgumentException">The basis is of an instance of another module.</exception>
    /// <exception cref="NotSupportedException">
    /// A global or table of the instance holds a host object or a function of another instance.
    /// </exception>
    public InstanceSnapshot Snapshot(InstanceSnapshot? basis = null)
    {
        if (basis is not null && basis.Module != Module)
        {
            throw new ArgumentException("The basis is of an instance of another module.", nameof(basis));
        }

        Store.ThrowIfDisposed();
        var references = new HashSet<nint>();
        var globals = OwnGlobals(references);
        var tables = new nint[Tables.Length - _imports.Tables.Length][];
        for (var index = 0; index < tables.Length; index++)
        {
            var table = Tables[index + _imports.Tables.Length];
            tables[index] = new ReadOnlySpan<nint>(table.Elements, checked((int)table.Length)).ToArray();
            Note(references, table.Type.Element, tables[index]);
        }

        foreach (var reference in references)
        {
            Moved(reference, Origin);
        }

        var memories = ImmutableArray.CreateBuilder<RegionSnapshot>();
        foreach (var memory in Memories.AsSpan(_imports.Memories.Length))
        {
            memories.Add(memory.Region.Snapshot(basis?.Memories[memories.Count]));
        }

        return new InstanceSnapshot(
            Module,
            memories.ToImmutable(),
            globals,
            tables,
            [.. references],
            [.. _droppedData],
            [.. _elements.Select(items => items is null)],
            Origin);
    }

    /// <summary>Puts the instance back to an image of it, or of another instance of the same module.</summary>
    /// <param name="snapshot">The image.</param>
    /// <param name="present">
    /// What the instance was restored to last, if nothing ran or wrote in it since: then only what differs between the two is
    /// written. Null when it may hold anything.
    /// </param>
    /// <exception cref="ArgumentException">The image is of an instance of another module.</exception>
    public void Restore(InstanceSnapshot snapshot, InstanceSnapshot? present = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        Store.ThrowIfDisposed();
        if (snapshot.Module != Module)
        {
            throw new ArgumentException("The snapshot is of an instance of another module.", nameof(snapshot));
        }

        RestoreMemories(snapshot, present?.Module == Module ? present : null);
        RestoreReferences(snapshot);
    }

    // All of an image but the memories.
    internal void RestoreReferences(InstanceSnapshot snapshot)
    {
        var isOwn = snapshot.Origin.Instance == _number;
        for (var index = 0; index < snapshot.Globals.Length; index++)
        {
            var global = _globals[index + _imports.Globals.Length];
            var value = snapshot.Globals[index];
            if (!isOwn && global.Type.Type == WasmType.FuncRef)
            {
                value.Reference = Moved(value.Reference, snapshot.Origin);
            }

            WasmGlobal.Copy(global.Type.Type, &value, global.Cell);
        }

        for (var index = 0; index < snapshot.Tables.Length; index++)
        {
            var table = Tables[index + _imports.Tables.Length];
            table.Reset(snapshot.Tables[index]);
            if (!isOwn && table.Type.Element == WasmType.FuncRef)
            {
                foreach (ref var element in new Span<nint>(table.Elements, snapshot.Tables[index].Length))
                {
                    element = Moved(element, snapshot.Origin);
                }
            }
        }

        snapshot.DroppedData.CopyTo(_droppedData.AsSpan());
        for (var index = 0; index < _elements.Length; index++)
        {
            _elements[index] = snapshot.DroppedElements[index]
                ? null
                : _elements[index] ?? Items(index);
        }
    }

    // The image of the first memory has the state below it, most of which belongs to this instance alone.
    private void RestoreMemories(InstanceSnapshot snapshot, InstanceSnapshot? present)
    {
        var stateBytes = Module.Layout.StateBytes + InstanceLayout.MemoryLength;
        byte[]? rented = null;
        var state = stateBytes <= 4096
            ? stackalloc byte[stateBytes]
            : (rented = System.Buffers.ArrayPool<byte>.Shared.Rent(stateBytes)).AsSpan(0, stateBytes);
        var carriesMemory = Module.Layout.CarriesMemory;
        var kept = new Span<byte>(_base - Module.Layout.StateBytes, stateBytes);
        if (carriesMemory)
        {
            kept.CopyTo(state);
        }

        for (var index = 0; index < snapshot.Memories.Length; index++)
        {
            Memories[index + _imports.Memories.Length].Region.Restore(snapshot.Memories[index], present?.Memories[index]);
        }

        if (carriesMemory)
        {
            state.CopyTo(kept);
        }

        if (rented is not null)
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private RawValue[] OwnGlobals(HashSet<nint> references)
    {
        var globals = new RawValue[_globals.Length - _imports.Globals.Length];
        for (var index = 0; index < globals.Length; index++)
        {
            RawValue value = default;
            ReadGlobal(index + _imports.Globals.Length, &value);
            globals[index] = value;
            var type = _globals[index + _imports.Globals.Length].Type.Type;
            if (type.IsReference())
            {
                Note(references, type, [value.Reference]);
            }
        }

        return globals;
    }

    private static void Note(HashSet<nint> references, WasmType type, ReadOnlySpan<nint> values)
    {
        foreach (var value in values)
        {
            if (value != 0)
            {
                if (type == WasmType.ExternRef)
                {
                    throw new NotSupportedException("An instance that holds host objects cannot be made an image of.");
                }

                references.Add(value);
            }
        }
    }

    // Where the function lies in this instance that a reference stands for in the instance of an image.
    private nint Moved(nint reference, SnapshotOrigin origin)
    {
        if (reference == 0)
        {
            return 0;
        }

        var record = reference - origin.Records;
        if (record >= 0 && record < origin.RecordCount * FunctionRecord.Bytes)
        {
            return (nint)_records + record;
        }

        var import = reference - origin.Base;
        return import < 0 && import >= -Module.Layout.StateBytes
            ? (nint)_base + import
            : throw new NotSupportedException(
                "An instance that holds functions of other instances in its tables or globals cannot be made an image of.");
    }
}
