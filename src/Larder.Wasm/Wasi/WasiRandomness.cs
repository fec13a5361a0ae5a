using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Larder.Wasm.Wasi;

/// <summary>Where a guest's random bytes come from.</summary>
public abstract class WasiRandomness
{
    private protected WasiRandomness()
    {
    }

    /// <summary>The operating system's generator, fit for keys. Thread safe.</summary>
    public static WasiRandomness System { get; } = new SystemRandomness();

    /// <summary>
    /// Bytes that follow from a seed, the same on every machine and in every version: SHA-256 of the seed and a counter.
    /// Whoever knows the seed knows them. Each call makes a source of its own, for one thread at a time.
    /// </summary>
    public static WasiRandomness Seeded(ulong seed) => new SeededRandomness(seed);

    internal abstract void Fill(Span<byte> bytes);

    private sealed class SystemRandomness : WasiRandomness
    {
        internal override void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);
    }

    private sealed class SeededRandomness(ulong seed) : WasiRandomness
    {
        private readonly byte[] _block = new byte[SHA256.HashSizeInBytes];
        private int _used = SHA256.HashSizeInBytes;
        private ulong _counter;

        internal override void Fill(Span<byte> bytes)
        {
            Span<byte> input = stackalloc byte[16];
            while (bytes.Length > 0)
            {
                if (_used == _block.Length)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(input, seed);
                    BinaryPrimitives.WriteUInt64LittleEndian(input[8..], _counter++);
                    SHA256.HashData(input, _block);
                    _used = 0;
                }

                var count = Math.Min(bytes.Length, _block.Length - _used);
                _block.AsSpan(_used, count).CopyTo(bytes);
                bytes = bytes[count..];
                _used += count;
            }
        }
    }
}
