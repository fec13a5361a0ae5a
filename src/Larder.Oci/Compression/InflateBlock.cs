using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Larder.Oci.Compression;

/// <summary>The loop that decodes the symbols of one block.</summary>
/// <remarks>
/// Every bound is checked a symbol ahead: there are always input and room for a match and the literals before it, so that
/// nothing is checked in between but a distance against the history. Reading eight bytes at a time and copying wide run past
/// what is meant; the slack of both buffers takes that up.
/// </remarks>
internal static unsafe class InflateBlock
{
    // Input that a turn of the loop may read: up to four refills of eight bytes.
    private const int InputMargin = 32;

    public enum Outcome
    {
        /// <summary>Input or room is used up.</summary>
        Stopped,

        /// <summary>The block's end was decoded.</summary>
        End,

        /// <summary>A code or a distance does not exist.</summary>
        Damaged,
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Outcome Decode(
        ref byte* input,
        byte* end,
        ref byte* output,
        byte* limit,
        byte* history,
        ref ulong bitBuffer,
        ref int bitCount,
        uint* lengths,
        uint* distances,
        bool isComplete)
    {
        const ulong LengthMask = (1 << HuffmanTable.LengthBits) - 1;
        const ulong DistanceMask = (1 << HuffmanTable.DistanceBits) - 1;
        var next = input;
        var last = end - InputMargin + (isComplete ? Inflater.InputSlack : 0);
        var to = output;
        var bits = bitBuffer;
        var left = (uint)bitCount;
        var outcome = Outcome.Stopped;
        if (next > last || to >= limit)
        {
            return outcome;
        }

        Refill(ref next, ref bits, ref left);
        var entry = lengths[bits & LengthMask];
        while (true)
        {
            var saved = bits;
            bits >>= (int)entry;
            left -= (byte)entry;
            if ((int)entry < 0)
            {
                // Up to three literals of short codes fit what one refill brings, with a match behind them.
                *to++ = (byte)(entry >> 16);
                entry = lengths[bits & LengthMask];
                saved = bits;
                bits >>= (int)entry;
                left -= (byte)entry;
                if ((int)entry < 0)
                {
                    *to++ = (byte)(entry >> 16);
                    entry = lengths[bits & LengthMask];
                    saved = bits;
                    bits >>= (int)entry;
                    left -= (byte)entry;
                    if ((int)entry < 0)
                    {
                        *to++ = (byte)(entry >> 16);
                        goto NextSymbol;
                    }
                }
            }

            if ((entry & HuffmanTable.Exceptional) != 0)
            {
                if ((entry & HuffmanTable.End) != 0)
                {
                    outcome = (entry & HuffmanTable.Invalid) != 0 ? Outcome.Damaged : Outcome.End;
                    break;
                }

                entry = lengths[(entry >> 16) + Low(bits, (entry >> 8) & 15)];
                saved = bits;
                bits >>= (int)entry;
                left -= (byte)entry;
                if ((int)entry < 0)
                {
                    *to++ = (byte)(entry >> 16);
                    goto NextSymbol;
                }

                if ((entry & HuffmanTable.Exceptional) != 0)
                {
                    outcome = (entry & HuffmanTable.Invalid) != 0 ? Outcome.Damaged : Outcome.End;
                    break;
                }
            }

            var length = (entry >> 16) + (uint)(Low(saved, (byte)entry) >> (int)((entry >> 8) & 15));
            entry = distances[bits & DistanceMask];
            if ((entry & HuffmanTable.Exceptional) != 0)
            {
                if ((entry & HuffmanTable.End) != 0)
                {
                    outcome = Outcome.Damaged;
                    break;
                }

                Refill(ref next, ref bits, ref left);
                bits >>= HuffmanTable.DistanceBits;
                left -= HuffmanTable.DistanceBits;
                entry = distances[(entry >> 16) + Low(bits, (entry >> 8) & 15)];
                if ((entry & HuffmanTable.Exceptional) != 0)
                {
                    outcome = Outcome.Damaged;
                    break;
                }
            }
            else if (left < 8 + 13 + HuffmanTable.LengthBits)
            {
                Refill(ref next, ref bits, ref left);
            }

            saved = bits;
            bits >>= (int)entry;
            left -= (byte)entry;
            var distance = (nint)((entry >> 16) + (uint)(Low(saved, (byte)entry) >> (int)((entry >> 8) & 15)));
            if (distance > to - history)
            {
                outcome = Outcome.Damaged;
                break;
            }

            var from = to - distance;
            var stop = to + length;
            entry = lengths[bits & LengthMask];
            Refill(ref next, ref bits, ref left);
            if (distance >= 16)
            {
                Vector128.Store(Vector128.Load(from), to);
                Vector128.Store(Vector128.Load(from + 16), to + 16);
                if (length > 32)
                {
                    to += 32;
                    from += 32;
                    do
                    {
                        Vector128.Store(Vector128.Load(from), to);
                        Vector128.Store(Vector128.Load(from + 16), to + 16);
                        to += 32;
                        from += 32;
                    }
                    while (to < stop);
                }
            }
            else
            {
                CopyNear(from, to, stop, distance);
            }

            to = stop;
            if (next > last || to >= limit)
            {
                break;
            }

            continue;

        NextSymbol:
            entry = lengths[bits & LengthMask];
            Refill(ref next, ref bits, ref left);
            if (next > last || to >= limit)
            {
                break;
            }
        }

        input = next;
        output = to;
        left = (byte)left;
        bitCount = (int)left;
        bitBuffer = bits & ((1UL << (int)left) - 1);
        return outcome;
    }

    // Copies that overlap themselves within sixteen bytes: runs.
    private static void CopyNear(byte* from, byte* to, byte* stop, nint distance)
    {
        if (distance == 1)
        {
            var value = Vector128.Create(*from);
            do
            {
                Vector128.Store(value, to);
                Vector128.Store(value, to + 16);
                to += 32;
            }
            while (to < stop);
            return;
        }

        if (distance >= 8)
        {
            do
            {
                *(ulong*)to = *(ulong*)from;
                to += 8;
                from += 8;
            }
            while (to < stop);
            return;
        }

        do
        {
            *(ulong*)to = *(ulong*)from;
            to += distance;
            from += distance;
        }
        while (to < stop);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Low(ulong value, uint count) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.ZeroHighBits(value, count) : value & ((1UL << (int)count) - 1);

    // Leaves at least 56 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Refill(ref byte* next, ref ulong bits, ref uint left)
    {
        bits |= *(ulong*)next << (int)left;
        next += (63 - left) >> 3;
        left |= 56;
    }
}
