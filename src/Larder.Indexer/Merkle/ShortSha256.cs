using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Larder.Indexer.Merkle;

/// <summary>
/// SHA-256 of short messages. A tree hashes 65 bytes at a time, of which the library's one-shot call spends most on setting
/// itself up; so the compression function of the same OpenSSL library that .NET uses is called block by block. Where it
/// is not there, or not what it should be, .NET's own call is used.
/// </summary>
/// <remarks>Source: FIPS 180-4, sections 5.1.1, 5.3.3 and 6.2. Layout of the context: openssl/sha.h.</remarks>
[SkipLocalsInit]
internal static unsafe class ShortSha256
{
    private const int BlockBytes = 64;
    private const int LengthBytes = 8;
    private const int StateWords = 8;

    // A context is 112 bytes, of which the compression function uses the first eight words.
    private const int ContextWords = 64;

    // Longer messages spend their time on blocks, whoever begins.
    private const int MaxBytes = 1024;

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<uint*, byte*, void> Compress = Find();

    /// <summary>Hashes a message without allocating.</summary>
    internal static void Hash(ReadOnlySpan<byte> message, Span<byte> digest)
    {
        if (Compress == null || message.Length > MaxBytes)
        {
            SHA256.HashData(message, digest);
        }
        else
        {
            Hash(Compress, message, digest);
        }
    }

    private static void Hash(delegate* unmanaged[Cdecl, SuppressGCTransition]<uint*, byte*, void> compress, ReadOnlySpan<byte> message, Span<byte> digest)
    {
        var context = stackalloc uint[ContextWords];
        ReadOnlySpan<uint> first =
            [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
        first.CopyTo(new Span<uint>(context, StateWords));
        var whole = message.Length & ~(BlockBytes - 1);
        fixed (byte* bytes = message)
        {
            for (var offset = 0; offset < whole; offset += BlockBytes)
            {
                compress(context, bytes + offset);
            }
        }

        // What is left, a one bit, zeros, and the length in bits at the end of a block.
        var last = stackalloc byte[2 * BlockBytes];
        var rest = message.Length - whole;
        var blocks = rest + 1 + LengthBytes > BlockBytes ? 2 : 1;
        var tail = new Span<byte>(last, blocks * BlockBytes);
        message[whole..].CopyTo(tail);
        tail[rest] = 0x80;
        tail[(rest + 1)..].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(tail[^sizeof(uint)..], (uint)message.Length * 8);
        for (var block = 0; block < blocks; block++)
        {
            compress(context, last + (block * BlockBytes));
        }

        for (var word = 0; word < StateWords; word++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(digest[(word * sizeof(uint))..], context[word]);
        }
    }

    private static delegate* unmanaged[Cdecl, SuppressGCTransition]<uint*, byte*, void> Find()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libcrypto.so.3", out var library)
            || !NativeLibrary.TryGetExport(library, "SHA256_Transform", out var address))
        {
            return null;
        }

        var compress = (delegate* unmanaged[Cdecl, SuppressGCTransition]<uint*, byte*, void>)address;
        Span<byte> message = stackalloc byte[100];
        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> actual = stackalloc byte[SHA256.HashSizeInBytes];
        message.Fill(0x5a);
        SHA256.HashData(message, expected);
        Hash(compress, message, actual);
        return actual.SequenceEqual(expected) ? compress : null;
    }
}
