using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Larder.Indexer.Caching;

/// <summary>
/// The hash that finds a key: products of 128 bits folded, 16 bytes at a time. Who chooses keys that collide only loses
/// their own entries: a bucket is bounded.
/// </summary>
internal static class KeyHash
{
    private const ulong First = 0xa0761d6478bd642f;
    private const ulong Second = 0xe7037ed1a0b428db;
    private const ulong Third = 0x8ebc6af09c88c6e3;

    internal static ulong Of(ulong scope, ReadOnlySpan<byte> key)
    {
        ref var bytes = ref MemoryMarshal.GetReference(key);
        var length = (nuint)key.Length;
        var state = Mix(scope ^ First, length ^ Second);
        nuint offset = 0;
        while (length - offset > 2 * sizeof(ulong))
        {
            state = Mix(Read<ulong>(ref bytes, offset) ^ Second, Read<ulong>(ref bytes, offset + sizeof(ulong)) ^ state);
            offset += 2 * sizeof(ulong);
        }

        ulong head = 0;
        ulong tail = 0;
        var rest = length - offset;
        if (rest >= sizeof(ulong))
        {
            head = Read<ulong>(ref bytes, offset);
            tail = Read<ulong>(ref bytes, length - sizeof(ulong));
        }
        else if (rest >= sizeof(uint))
        {
            head = Read<uint>(ref bytes, offset);
            tail = Read<uint>(ref bytes, length - sizeof(uint));
        }
        else if (rest > 0)
        {
            head = ((ulong)Unsafe.Add(ref bytes, offset) << 16) | ((ulong)Unsafe.Add(ref bytes, offset + (rest / 2)) << 8);
            tail = Unsafe.Add(ref bytes, length - 1);
        }

        return Mix(Third ^ length, Mix(head ^ Second, tail ^ state));
    }

    private static T Read<T>(ref byte bytes, nuint offset) => Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref bytes, offset));

    private static ulong Mix(ulong left, ulong right)
    {
        var high = Math.BigMul(left, right, out var low);
        return high ^ low;
    }
}
