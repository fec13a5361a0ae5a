using System.Buffers.Binary;

namespace Larder.Wasm.Wasi;

/// <summary>
/// The memory of the guest as host functions see it. Every address and length comes from the guest, so every access is
/// checked against the present size; <see cref="GuestFaultException"/> carries a refusal to the border of the call.
/// </summary>
internal readonly struct GuestMemory(WasmMemory? memory)
{
    /// <summary>A window of the memory; empty windows lie within the memory too.</summary>
    public Span<byte> Window(uint address, uint length)
    {
        var size = memory?.ByteLength ?? 0;
        return memory is not null && length <= int.MaxValue && address <= size && size - address >= length
            ? memory.Span(address, (int)length)
            : throw new GuestFaultException();
    }

    /// <summary>A window of <paramref name="count"/> records; the product does not overflow.</summary>
    public Span<byte> Window(uint address, uint count, uint recordBytes)
    {
        var length = (ulong)count * recordBytes;
        return length <= int.MaxValue ? Window(address, (uint)length) : throw new GuestFaultException();
    }

    public uint Read32(uint address) => BinaryPrimitives.ReadUInt32LittleEndian(Window(address, sizeof(uint)));

    public void Write32(uint address, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(Window(address, sizeof(uint)), value);

    public void Write64(uint address, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(Window(address, sizeof(ulong)), value);
}
