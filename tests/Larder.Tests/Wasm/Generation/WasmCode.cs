namespace Larder.Tests.Wasm.Generation;

/// <summary>Writes instructions in the binary format.</summary>
internal sealed class WasmCode
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public byte[] ToArray() => [.. _bytes];

    public void Bytes(ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

    public void Byte(byte value) => _bytes.Add(value);

    public void Op(Opcode opcode)
    {
        var number = (int)opcode;
        if (number >= (int)Opcode.SimdBase)
        {
            Byte(0xFD);
            U32((uint)(number - (int)Opcode.SimdBase));
        }
        else if (number >= 0xFC00)
        {
            Byte(0xFC);
            U32((uint)(number - 0xFC00));
        }
        else
        {
            Byte((byte)number);
        }
    }

    public void Op(Opcode opcode, int index)
    {
        Op(opcode);
        U32((uint)index);
    }

    public void Op(Opcode opcode, int first, int second)
    {
        Op(opcode, first);
        U32((uint)second);
    }

    public void Vector(int code)
    {
        Byte(0xFD);
        U32((uint)code);
    }

    public void I32(int value)
    {
        Op(Opcode.I32Const);
        S64(value);
    }

    public void I64(long value)
    {
        Op(Opcode.I64Const);
        S64(value);
    }

    public void F32(uint bits)
    {
        Op(Opcode.F32Const);
        Bytes(BitConverter.GetBytes(bits));
    }

    public void F64(ulong bits)
    {
        Op(Opcode.F64Const);
        Bytes(BitConverter.GetBytes(bits));
    }

    public void V128(ulong low, ulong high)
    {
        Vector(0x0C);
        Bytes(BitConverter.GetBytes(low));
        Bytes(BitConverter.GetBytes(high));
    }

    public void U32(uint value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            Byte((byte)(value | 0x80));
        }

        Byte((byte)value);
    }

    public void S64(long value)
    {
        while (value is < -64 or > 63)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }

        Byte((byte)(value & 0x7F));
    }
}
