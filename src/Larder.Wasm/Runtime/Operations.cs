using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Larder.Wasm.Compilation;
using Larder.Wasm.Execution;

namespace Larder.Wasm.Runtime;

/// <summary>
/// What generated code calls for instructions that are more than a few machine instructions. The last argument is the
/// base of the instance. Sizes and addresses come zero-extended to 64 bits.
/// </summary>
internal static unsafe class Operations
{
    private const ulong BytesPerFuel = 8;
    private const ulong FuelPerPage = 4096;

    /// <summary>The exception that carries a trap out of generated code.</summary>
    internal static Exception Trap(int kind) => new TrapException((TrapKind)kind);

    /// <summary>
    /// Why a function must not be entered: its stack is used up, or it is to stop. Where the depth is counted, the stack's end
    /// is the host's fault.
    /// </summary>
    internal static Exception StackExhausted(byte* context)
    {
        if (*(int*)(context + InstanceLayout.Interrupt) != 0)
        {
            return new TrapException(TrapKind.Interrupted);
        }

        return InstanceOf(context).Module.Options.CallDepth
            ? new HostException(new WasmException(WasmErrorKind.Unavailable, StackBounds.Exhausted))
            : new TrapException(TrapKind.StackOverflow);
    }

    /// <summary>A float from its bits, hidden from the JIT compiler, which would change a signalling NaN.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static float SingleFromBits(int bits) => BitConverter.Int32BitsToSingle(bits);

    /// <inheritdoc cref="SingleFromBits"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static double DoubleFromBits(long bits) => BitConverter.Int64BitsToDouble(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> VectorZero() => Vector128<byte>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> VectorConstant(long low, long high) => Vector128.Create(low, high).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> LoadVector(byte* address) => Unsafe.ReadUnaligned<Vector128<byte>>(address);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void StoreVector(byte* address, Vector128<byte> value) => Unsafe.WriteUnaligned(address, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nint SelectReference(nint first, nint second, int condition) => condition != 0 ? first : second;

    /// <summary>A checked address of a 64-bit memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte* Address64(long address, long offset, int bytes, byte* memory)
    {
        var effective = unchecked((ulong)address + (ulong)offset);
        var length = *(ulong*)(memory + InstanceLayout.MemoryLength);
        if (effective < (ulong)offset || effective > length || length - effective < (ulong)bytes)
        {
            Traps.Throw(TrapKind.MemoryOutOfBounds);
        }

        return memory + effective;
    }

    internal static long MemoryGrow(long pages, int memory, byte* context)
    {
        try
        {
            var instance = InstanceOf(context);
            var before = instance.Memories[memory].GrowRaw((ulong)pages);
            Charge(instance, context, before < 0 ? 0 : (ulong)pages * FuelPerPage);
            return before;
        }
        catch (WasmException exception)
        {
            throw new HostException(exception);
        }
    }

    internal static void MemoryFill(long target, int value, long count, int memory, byte* context)
    {
        var instance = InstanceOf(context);
        var address = Range(instance.Memories[memory].Base, (ulong)target, (ulong)count);
        Charge(instance, context, (ulong)count / BytesPerFuel);
        NativeMemory.Fill(address, (nuint)count, (byte)value);
    }

    internal static void MemoryCopy(long target, long source, long count, int targetMemory, int sourceMemory, byte* context)
    {
        var instance = InstanceOf(context);
        var from = Range(instance.Memories[sourceMemory].Base, (ulong)source, (ulong)count);
        var to = Range(instance.Memories[targetMemory].Base, (ulong)target, (ulong)count);
        Charge(instance, context, (ulong)count / BytesPerFuel);
        Buffer.MemoryCopy(from, to, count, count);
    }

    internal static void MemoryInit(long target, long source, long count, int segment, int memory, byte* context)
    {
        var instance = InstanceOf(context);
        var bytes = instance.DataSegment(segment);
        if ((ulong)source > (ulong)bytes.Length || (ulong)bytes.Length - (ulong)source < (ulong)count)
        {
            Traps.Throw(TrapKind.MemoryOutOfBounds);
        }

        var to = Range(instance.Memories[memory].Base, (ulong)target, (ulong)count);
        Charge(instance, context, (ulong)count / BytesPerFuel);
        bytes.Slice((int)source, (int)count).CopyTo(new Span<byte>(to, (int)count));
    }

    internal static void DataDrop(int segment, byte* context) => InstanceOf(context).DropData(segment);

    internal static void ElementDrop(int segment, byte* context) => InstanceOf(context).DropElements(segment);

    internal static nint TableGet(long index, int table, byte* context)
    {
        var elements = InstanceOf(context).Tables[table].Elements;
        CheckTable(elements, (ulong)index, 1);
        return elements[index];
    }

    internal static void TableSet(long index, nint value, int table, byte* context)
    {
        var elements = InstanceOf(context).Tables[table].Elements;
        CheckTable(elements, (ulong)index, 1);
        elements[index] = value;
    }

    internal static long TableGrow(nint value, long count, int table, byte* context)
    {
        try
        {
            var instance = InstanceOf(context);
            var before = instance.Tables[table].GrowRaw((ulong)count, value);
            Charge(instance, context, before < 0 ? 0 : (ulong)count);
            return before;
        }
        catch (WasmException exception)
        {
            throw new HostException(exception);
        }
    }

    internal static void TableFill(long index, nint value, long count, int table, byte* context)
    {
        var instance = InstanceOf(context);
        var elements = instance.Tables[table].Elements;
        CheckTable(elements, (ulong)index, (ulong)count);
        Charge(instance, context, (ulong)count);
        new Span<nint>(elements + index, (int)count).Fill(value);
    }

    internal static void TableCopy(long target, long source, long count, int targetTable, int sourceTable, byte* context)
    {
        var instance = InstanceOf(context);
        var from = instance.Tables[sourceTable].Elements;
        var to = instance.Tables[targetTable].Elements;
        CheckTable(from, (ulong)source, (ulong)count);
        CheckTable(to, (ulong)target, (ulong)count);
        Charge(instance, context, (ulong)count);
        Buffer.MemoryCopy(from + source, to + target, count * sizeof(nint), count * sizeof(nint));
    }

    internal static void TableInit(long target, long source, long count, int segment, int table, byte* context)
    {
        var instance = InstanceOf(context);
        var items = instance.ElementSegment(segment);
        if ((ulong)source > (ulong)items.Length || (ulong)items.Length - (ulong)source < (ulong)count)
        {
            Traps.Throw(TrapKind.TableOutOfBounds);
        }

        var to = instance.Tables[table].Elements;
        CheckTable(to, (ulong)target, (ulong)count);
        Charge(instance, context, (ulong)count);
        items.Slice((int)source, (int)count).CopyTo(new Span<nint>(to + target, (int)count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Instance InstanceOf(byte* context) =>
        Unsafe.As<Instance>(GCHandle.FromIntPtr(*(nint*)(context + InstanceLayout.Handle)).Target!);

    // What instructions cost in fuel whose work depends on a number that they are given.
    private static void Charge(Instance instance, byte* context, ulong fuel)
    {
        if (!instance.Module.Options.Fuel)
        {
            return;
        }

        ref var left = ref *(long*)(context + InstanceLayout.Fuel);
        left -= (long)fuel;
        if (left < 0)
        {
            Traps.Throw(TrapKind.OutOfFuel);
        }
    }

    private static byte* Range(byte* memory, ulong address, ulong count)
    {
        var length = *(ulong*)(memory + InstanceLayout.MemoryLength);
        if (address > length || length - address < count)
        {
            Traps.Throw(TrapKind.MemoryOutOfBounds);
        }

        return memory + address;
    }

    private static void CheckTable(nint* elements, ulong index, ulong count)
    {
        var length = *((ulong*)elements - 1);
        if (index > length || length - index < count)
        {
            Traps.Throw(TrapKind.TableOutOfBounds);
        }
    }
}
