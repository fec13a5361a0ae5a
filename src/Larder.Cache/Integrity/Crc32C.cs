using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Larder.Cache.Integrity;

/// <summary>CRC-32C (Castagnoli), the checksum of every block on disk.</summary>
/// <remarks>
/// Reflected polynomial 0x82F63B78, initial value and final complement as in iSCSI. The processor's instruction has a
/// latency of three cycles and a throughput of one, so three independent runs are computed side by side and joined:
/// appending n zero bytes to a message is a linear map of its checksum, kept as four tables of 256 words for the one
/// run length that is used. Source: RFC 3720 appendix B.4 for the vectors; Gopal et al., "Fast CRC computation for
/// iSCSI polynomial using CRC32 instruction", 2011, for the interleaving.
/// </remarks>
internal static class Crc32C
{
    private const uint Polynomial = 0x82F63B78;

    // Bytes of each of the three runs; one round takes three times as much.
    private const int Run = 4096;

    private static readonly uint[] Slices = MakeSlices();
    private static readonly uint[] RunShift = MakeShift(Run);

    /// <summary>Computes the checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>Continues <paramref name="checksum"/>, that of the bytes before, with <paramref name="data"/>.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> data) =>
        Sse42.X64.IsSupported ? ~AppendHardware(~checksum, data) : AppendPortable(checksum, data);

    /// <summary>The same without the processor's instruction.</summary>
    internal static uint AppendPortable(uint checksum, ReadOnlySpan<byte> data)
    {
        var state = ~checksum;
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

        return ~state;
    }

    private static uint AppendHardware(uint state, ReadOnlySpan<byte> data)
    {
        while (data.Length >= 3 * Run)
        {
            var first = MemoryMarshal.Cast<byte, ulong>(data[..Run]);
            var second = MemoryMarshal.Cast<byte, ulong>(data.Slice(Run, Run));
            var third = MemoryMarshal.Cast<byte, ulong>(data.Slice(2 * Run, Run));
            ulong a = state, b = 0, c = 0;
            for (var i = 0; i < first.Length && i < second.Length && i < third.Length; i++)
            {
                a = Sse42.X64.Crc32(a, first[i]);
                b = Sse42.X64.Crc32(b, second[i]);
                c = Sse42.X64.Crc32(c, third[i]);
            }

            state = Shift(Shift((uint)a) ^ (uint)b) ^ (uint)c;
            data = data[(3 * Run)..];
        }

        ulong wide = state;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(data[..(data.Length & ~7)]))
        {
            wide = Sse42.X64.Crc32(wide, word);
        }

        state = (uint)wide;
        foreach (var value in data[(data.Length & ~7)..])
        {
            state = Sse42.Crc32(state, value);
        }

        return state;
    }

    // The state after Run more zero bytes.
    private static uint Shift(uint state) =>
        RunShift[(byte)state]
        ^ RunShift[256 + (byte)(state >> 8)]
        ^ RunShift[512 + (byte)(state >> 16)]
        ^ RunShift[768 + (int)(state >> 24)];

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

    private static uint[] MakeShift(int zeroBytes)
    {
        var shift = new uint[4 * 256];
        for (var bit = 0; bit < 32; bit++)
        {
            var state = 1u << bit;
            for (var i = 0; i < zeroBytes; i++)
            {
                state = Slices[(byte)state] ^ (state >> 8);
            }

            // The map is linear: every table entry is the sum of the images of its bits.
            var table = bit / 8 * 256;
            for (var value = 0; value < 256; value++)
            {
                if ((value & (1 << (bit % 8))) != 0)
                {
                    shift[table + value] ^= state;
                }
            }
        }

        return shift;
    }
}
