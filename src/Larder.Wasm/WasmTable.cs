using Larder.Wasm.Execution;
using Larder.Wasm.Runtime;

namespace Larder.Wasm;

/// <summary>A table of references of a store. Like the store, for one thread at a time.</summary>
public sealed unsafe class WasmTable
{
    private readonly TableMemory _memory;

    /// <summary>Creates a table of null references that instances of the store can import.</summary>
    /// <exception cref="WasmException">It is beyond the store's limits, or the machine has no room for it.</exception>
    public WasmTable(Store store, TableType type)
    {
        ArgumentNullException.ThrowIfNull(store);
        store.ThrowIfDisposed();
        Store = store;
        Type = type;
        var capacity = Math.Min(type.Limits.Maximum ?? ulong.MaxValue, store.Options.TableElements);
        if (type.Limits.Minimum > store.Options.TableElements)
        {
            throw new WasmException(
                WasmErrorKind.LimitExceeded,
                $"a table starts with {type.Limits.Minimum} elements, the store allows {store.Options.TableElements}");
        }

        _memory = TableMemory.Create(type.Limits.Minimum, capacity);
        store.Own(_memory);
    }

    /// <summary>The store that it belongs to.</summary>
    public Store Store { get; }

    /// <summary>Its type as declared; the present size is <see cref="Length"/>.</summary>
    public TableType Type { get; }

    /// <summary>Its present size in elements.</summary>
    public ulong Length
    {
        get
        {
            Store.ThrowIfDisposed();
            return *((ulong*)Elements - 1);
        }
    }

    internal nint* Elements => _memory.Elements;

    /// <summary>An element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    /// <exception cref="ArgumentException">The value that is set is not of the table's type.</exception>
    public WasmValue this[ulong index]
    {
        get
        {
            Check(index);
            return Values.FromRaw(Store, Type.Element, (RawValue*)(Elements + index));
        }

        set
        {
            Check(index);
            RawValue raw = default;
            Values.ToRaw(Store, Type.Element, value, &raw);
            Elements[index] = raw.Reference;
        }
    }

    /// <summary>Grows the table.</summary>
    /// <param name="count">How many elements are added.</param>
    /// <param name="value">What they are.</param>
    /// <returns>Its previous size; -1 when that is beyond its maximum, the store's limit or the machine.</returns>
    public long Grow(ulong count, WasmValue value)
    {
        Store.ThrowIfDisposed();
        RawValue raw = default;
        Values.ToRaw(Store, Type.Element, value, &raw);
        return GrowRaw(count, raw.Reference);
    }

    internal long GrowRaw(ulong count, nint value)
    {
        if (count > _memory.Maximum - _memory.Length)
        {
            return -1;
        }

        var before = _memory.Grow(count, value);
        return before >= 0 || !Store.Options.StrictGrowth
            ? before
            : throw new WasmException(
                WasmErrorKind.Unavailable,
                $"the machine has no room for a table to grow from {_memory.Length} by {count} elements, within its limit of {_memory.Maximum}");
    }

    // Gives the table another length and other contents, within the length that it had before.
    internal void Reset(ReadOnlySpan<nint> contents)
    {
        var present = *((ulong*)Elements - 1);
        if (present < (ulong)contents.Length && _memory.Grow((ulong)contents.Length - present, 0) < 0)
        {
            throw new WasmException(WasmErrorKind.Unavailable, "the machine has no room for a table that is restored");
        }

        contents.CopyTo(new Span<nint>(Elements, contents.Length));
        if (present > (ulong)contents.Length)
        {
            new Span<nint>(Elements + contents.Length, (int)(present - (ulong)contents.Length)).Clear();
            *((ulong*)Elements - 1) = (ulong)contents.Length;
        }
    }

    private void Check(ulong index)
    {
        var length = Length;
        if (index >= length)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The table has {length} elements.");
        }
    }
}
