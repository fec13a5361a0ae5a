using System.Runtime.ConstrainedExecution;
using System.Runtime.InteropServices;

namespace Larder.Wasm.Runtime;

/// <summary>
/// The elements of a table: <c>[maximum | length | elements | room to grow]</c>. The first element never moves, so
/// generated code keeps its address.
/// </summary>
/// <remarks>
/// Small tables are an allocation, large ones reserved address space that is opened as they grow. Used by one thread at
/// a time; pointers into the table do not keep it alive.
/// </remarks>
internal sealed unsafe class TableMemory : CriticalFinalizerObject, IDisposable
{
    /// <summary>Where generated code finds the maximum (64 bits), relative to <see cref="Elements"/>.</summary>
    public const int MaximumOffset = -16;

    /// <summary>Where generated code finds the length in elements (64 bits), relative to <see cref="Elements"/>.</summary>
    public const int LengthOffset = -8;

    private const nuint HeaderBytes = 16;
    private const nuint ElementBytes = 8;
    private const nuint LargestAllocation = 64 << 10;

    // Address space is opened in steps of this size, so that pushing elements one by one stays cheap.
    private const nuint OpenStep = 64 << 10;

    // Mappings that wait for the next table, with one step open; making one costs more than most tables are used.
    private const int MostResting = 64;

    private static readonly Lock Gate = new();

    // Guarded by Gate. All zeros.
    private static readonly List<(nint Start, nuint Reserved)> Resting = [];

    // More than any process has; keeps the arithmetic below from overflowing.
    private const ulong LargestElements = 1UL << 43;

    private readonly nuint _reserved;
    private readonly bool _isMapped;
    private nuint _open;

    // The most that was in use.
    private nuint _used;
    private byte* _start;

    private TableMemory(byte* start, nuint reserved, nuint open, bool isMapped)
    {
        _start = start;
        _reserved = reserved;
        _open = open;
        _isMapped = isMapped;
        Elements = (nint*)(start + HeaderBytes);
    }

    /// <summary>Gives the memory of a forgotten table back.</summary>
    ~TableMemory() => Release();

    /// <summary>The first element.</summary>
    public nint* Elements { get; }

    /// <summary>How many elements there are.</summary>
    public ulong Length => Word(LengthOffset);

    /// <summary>How many there can be.</summary>
    public ulong Maximum => Word(MaximumOffset);

    /// <summary>Makes a table of zeros.</summary>
    /// <param name="minimum">Elements at the start.</param>
    /// <param name="maximum">Elements that growing can reach; the caller caps it.</param>
    /// <exception cref="WasmException">The machine refuses (<see cref="WasmErrorKind.Unavailable"/>).</exception>
    public static TableMemory Create(ulong minimum, ulong maximum)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minimum, maximum);
        if (maximum > LargestElements)
        {
            throw Refused(maximum);
        }

        var table = Reserve(HeaderBytes + ((nuint)maximum * ElementBytes), maximum);
        if (!table.TryOpen(minimum))
        {
            table.Dispose();
            throw Refused(maximum);
        }

        table.Word(MaximumOffset) = maximum;
        table.Word(LengthOffset) = minimum;
        return table;
    }

    /// <summary>Makes the table longer.</summary>
    /// <param name="delta">How many elements are added.</param>
    /// <param name="value">What the new elements hold.</param>
    /// <returns>The length before; -1 when that is beyond the maximum or the machine refuses.</returns>
    public long Grow(ulong delta, nint value)
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        var length = Length;
        if (delta > Maximum - length || !TryOpen(length + delta))
        {
            return -1;
        }

        // Nobody wrote there yet, so it holds zeros.
        for (var at = value == 0 ? delta : 0; at < delta; at++)
        {
            Elements[length + at] = value;
        }

        Word(LengthOffset) = length + delta;
        return (long)length;
    }

    /// <summary>Gives the memory back; pointers into it must not be used any more. Can be called twice.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private static TableMemory Reserve(nuint bytes, ulong maximum)
    {
        if (bytes <= LargestAllocation)
        {
            var block = (byte*)NativeMemory.AlignedAlloc(bytes, HeaderBytes);
            NativeMemory.Clear(block, bytes);
            return new TableMemory(block, bytes, bytes, isMapped: false);
        }

        if (!OperatingSystem.IsLinux())
        {
            throw new WasmException(WasmErrorKind.Unavailable, "Native memory needs Linux.");
        }

        bytes = (bytes + OpenStep - 1) / OpenStep * OpenStep;
        if (TakeResting(bytes) is var resting and not 0)
        {
            return new TableMemory((byte*)resting, bytes, OpenStep, isMapped: true);
        }

        var mapping = Native.Map(0, bytes, Native.ProtectNone, Native.MapReserve, -1, 0);
        return mapping == -1 ? throw Refused(maximum) : new TableMemory((byte*)mapping, bytes, 0, isMapped: true);
    }

    private static WasmException Refused(ulong elements)
    {
        var error = Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
        return new WasmException(WasmErrorKind.Unavailable, $"The machine refuses a table of up to {elements} elements ('{error}').");
    }

    private bool TryOpen(ulong elements)
    {
        var needed = HeaderBytes + ((nuint)elements * ElementBytes);
        if (needed <= _open)
        {
            _used = Math.Max(_used, needed);
            return true;
        }

        var open = Math.Min((needed + OpenStep - 1) / OpenStep * OpenStep, _reserved);
        if (Native.Protect((nint)(_start + _open), open - _open, Native.ProtectReadWrite) != 0)
        {
            return false;
        }

        _open = open;
        _used = needed;
        return true;
    }

    private static nint TakeResting(nuint reserved)
    {
        lock (Gate)
        {
            for (var index = Resting.Count - 1; index >= 0; index--)
            {
                if (Resting[index].Reserved == reserved)
                {
                    var start = Resting[index].Start;
                    Resting.RemoveAt(index);
                    return start;
                }
            }
        }

        return 0;
    }

    private bool TryRest(byte* start)
    {
        if (_open != OpenStep)
        {
            return false;
        }

        NativeMemory.Clear(start, _used);
        lock (Gate)
        {
            if (Resting.Count < MostResting)
            {
                Resting.Add(((nint)start, _reserved));
                return true;
            }
        }

        return false;
    }

    private ref ulong Word(int offset)
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        return ref *(ulong*)((byte*)Elements + offset);
    }

    private void Release()
    {
        var start = _start;
        _start = null;
        if (start == null)
        {
            return;
        }

        if (_isMapped && TryRest(start))
        {
            return;
        }

        if (_isMapped)
        {
            _ = Native.Unmap((nint)start, _reserved);
        }
        else
        {
            NativeMemory.AlignedFree(start);
        }
    }
}
