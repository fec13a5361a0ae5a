using System.Numerics;

namespace Larder.Indexer.Caching;

/// <summary>Counts different keys in 256 bytes: exactly up to 64, beyond that by HyperLogLog.</summary>
/// <remarks>Source: Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog", 2007, with linear counting of small numbers.</remarks>
internal sealed class KeySketch
{
    private const int ExactKeys = 64;
    private const int Registers = 256;
    private const int RegisterBits = 8;
    private const double Bias = 0.7213 / (1 + (1.079 / Registers));

    // Null once there are too many.
    private HashSet<ulong>? _exact = [];
    private byte[]? _registers;

    internal long Count => _exact?.Count ?? Estimate(_registers!);

    internal void Add(ulong hash)
    {
        if (_registers is not null)
        {
            Add(_registers, hash);
        }
        else if (_exact!.Add(hash) && _exact.Count > ExactKeys)
        {
            _registers = new byte[Registers];
            foreach (var each in _exact)
            {
                Add(_registers, each);
            }

            _exact = null;
        }
    }

    private static void Add(byte[] registers, ulong hash)
    {
        var rank = (byte)(BitOperations.LeadingZeroCount((hash << RegisterBits) | (1UL << (RegisterBits - 1))) + 1);
        ref var register = ref registers[hash >> (64 - RegisterBits)];
        register = Math.Max(register, rank);
    }

    private static long Estimate(byte[] registers)
    {
        double sum = 0;
        var empty = 0;
        foreach (var register in registers)
        {
            sum += Math.ScaleB(1, -register);
            empty += register == 0 ? 1 : 0;
        }

        var estimate = Bias * Registers * Registers / sum;
        return (long)Math.Round(estimate <= 2.5 * Registers && empty > 0 ? Registers * Math.Log((double)Registers / empty) : estimate);
    }
}
