using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Oci.Compression;

/// <summary>CRC-32 as gzip has it: reflected polynomial 0xEDB88320, initial value and final complement all ones.</summary>
/// <remarks>
/// Carry-less multiplication folds 64 bytes a step; what is left, and processors without it, go by tables. Sources: RFC 1952
/// section 8; Gopal et al., "Fast CRC computation for generic polynomials using PCLMULQDQ instruction", 2009, for the folding
/// and its constants.
/// </remarks>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private const int Fold = 64;

    private static readonly uint[] Slices = MakeSlices();

    /// <summary>Continues <paramref name="checksum"/>, that of the bytes before (0 for none), with <paramref name="data"/>.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> data)
    {
        var state = ~checksum;
        if (Pclmulqdq.IsSupported && Sse41.IsSupported && data.Length >= Fold)
        {
            var whole = data.Length & ~15;
            state = AppendFolded(state, data[..whole]);
            data = data[whole..];
        }

        return ~AppendSliced(state, data);
    }

    /// <summary>The same by tables alone.</summary>
    internal static uint AppendPortable(uint checksum, ReadOnlySpan<byte> data) => ~AppendSliced(~checksum, data);

    private static uint AppendSliced(uint state, ReadOnlySpan<byte> data)
    {
        var slices = Slices.AsSpan(0, 8 * 256);
        while (data.Length >= sizeof(ulong))
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(data) ^ state;
            state = slices[(7 * 256) + (int)(word & 0xFF)]
                ^ slices[(6 * 256) + (int)((word >> 8) & 0xFF)]
                ^ slices[(5 * 256) + (int)((word >> 16) & 0xFF)]
                ^ slices[(4 * 256) + (int)((word >> 24) & 0xFF)]
                ^ slices[(3 * 256) + (int)((word >> 32) & 0xFF)]
                ^ slices[(2 * 256) + (int)((word >> 40) & 0xFF)]
                ^ slices[256 + (int)((word >> 48) & 0xFF)]
                ^ slices[(int)(word >> 56)];
            data = data[sizeof(ulong)..];
        }

        foreach (var value in data)
        {
            state = slices[(byte)(state ^ value)] ^ (state >> 8);
        }

        return state;
    }

    // At least 64 bytes, and a multiple of 16.
    private static uint AppendFolded(uint state, ReadOnlySpan<byte> data)
    {
        var blocks = MemoryMarshal.Cast<byte, Vector128<ulong>>(data);
        var a = blocks[0] ^ Vector128.CreateScalar(state).AsUInt64();
        var b = blocks[1];
        var c = blocks[2];
        var d = blocks[3];
        var keys = Vector128.Create(0x0154442BD4UL, 0x01C6E41596UL);
        var i = 4;
        for (; i + 3 < blocks.Length; i += 4)
        {
            a = Multiply(a, keys) ^ blocks[i];
            b = Multiply(b, keys) ^ blocks[i + 1];
            c = Multiply(c, keys) ^ blocks[i + 2];
            d = Multiply(d, keys) ^ blocks[i + 3];
        }

        keys = Vector128.Create(0x01751997D0UL, 0x00CCAA009EUL);
        a = Multiply(a, keys) ^ b;
        a = Multiply(a, keys) ^ c;
        a = Multiply(a, keys) ^ d;
        for (; i < blocks.Length; i++)
        {
            a = Multiply(a, keys) ^ blocks[i];
        }

        // From 128 bits to 64, to 32.
        var low = Vector128.Create(0xFFFFFFFFUL);
        a = Pclmulqdq.CarrylessMultiply(a, keys, 0x10) ^ Sse2.ShiftRightLogical128BitLane(a, 8);
        var rest = Sse2.ShiftRightLogical128BitLane(a, 4);
        a = Pclmulqdq.CarrylessMultiply(a & low, Vector128.CreateScalar(0x0163CD6124UL), 0x00) ^ rest;
        keys = Vector128.Create(0x01DB710641UL, 0x01F7011641UL);
        b = Pclmulqdq.CarrylessMultiply(a & low, keys, 0x10) & low;
        return (a ^ Pclmulqdq.CarrylessMultiply(b, keys, 0x00)).AsUInt32()[1];
    }

    private static Vector128<ulong> Multiply(Vector128<ulong> value, Vector128<ulong> keys) =>
        Pclmulqdq.CarrylessMultiply(value, keys, 0x00) ^ Pclmulqdq.CarrylessMultiply(value, keys, 0x11);

    private static uint[] MakeSlices()
    {
        var slices = new uint[8 * 256];
        for (var i = 0; i < 256; i++)
        {
            var state = (uint)i;
            for (var bit = 0; bit < 8; bit++)
            {
                state = (state >> 1) ^ ((state & 1) == 0 ? 0 : Polynomial);
            }

            slices[i] = state;
        }

        for (var i = 256; i < slices.Length; i++)
        {
            slices[i] = slices[(byte)slices[i - 256]] ^ (slices[i - 256] >> 8);
        }

        return slices;
    }
}
