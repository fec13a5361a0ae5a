using System.Buffers.Binary;
using System.Numerics;

namespace Larder.Symbols.Tables;

/// <summary>
/// The hash by which a table finds identifiers: part of the format, the same on every machine. Words of eight bytes are
/// mixed by multiplication and rotation. It need not resist attack: a table with many equal hashes is only slow to search.
/// </summary>
internal static class NameHash
{
    private const ulong First = 0x9E37_79B9_7F4A_7C15;
    private const ulong Second = 0xC2B2_AE3D_27D4_EB4F;

    public static uint Of(ReadOnlySpan<byte> text)
    {
        var hash = (ulong)text.Length * First;
        while (text.Length >= sizeof(ulong))
        {
            hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(text));
            text = text[sizeof(ulong)..];
        }

        var last = 0UL;
        for (var i = 0; i < text.Length; i++)
        {
            last |= (ulong)text[i] << (8 * i);
        }

        hash = Mix(hash, last);
        hash ^= hash >> 32;
        hash *= First;
        return (uint)(hash >> 32);
    }

    private static ulong Mix(ulong hash, ulong word) => BitOperations.RotateLeft((hash ^ word) * Second, 31);
}
