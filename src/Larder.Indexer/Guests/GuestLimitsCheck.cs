using System.Globalization;

namespace Larder.Indexer.Guests;

/// <summary>The ranges of a module's options.</summary>
internal static class GuestLimitsCheck
{
    private const int MostBytes = 1 << 30;

    /// <exception cref="IndexerException">An option is out of range.</exception>
    public static void Require(IndexerModuleOptions options)
    {
        var limits = options.Limits;
        Require(nameof(limits.BlockFuel), limits.BlockFuel, long.MaxValue);
        Require(nameof(limits.ViewFuel), limits.ViewFuel, long.MaxValue);
        Require(nameof(limits.CallDepth), limits.CallDepth, 32_000_000, least: 4096);
        Require(nameof(limits.TableElements), limits.TableElements, 10_000_000);
        Require(nameof(limits.InputBytes), limits.InputBytes, MostBytes);
        Require(nameof(limits.KeyBytes), limits.KeyBytes, MostBytes);
        Require(nameof(limits.FlushBytes), limits.FlushBytes, MostBytes);
        Require(nameof(limits.FlushPairs), limits.FlushPairs, MostBytes);
        Require(nameof(limits.ResultBytes), limits.ResultBytes, MostBytes);
        Require(nameof(limits.LogBytes), limits.LogBytes, MostBytes, least: 0);
        var memory = options.Memory;
        Require(nameof(memory.InitialPages), memory.InitialPages ?? 0, MemoryProfile.MostPages, least: 0);
        Require(nameof(memory.MaximumPages), memory.MaximumPages ?? 0, MemoryProfile.MostPages, least: 0);
        Require(nameof(memory.PreallocatedPages), memory.PreallocatedPages, MemoryProfile.MostPages, least: 0);
        Require(nameof(memory.HeapBaseGlobal), memory.HeapBaseGlobal ?? 0, int.MaxValue, least: 0);
    }

    private static void Require(string name, long value, long most, long least = 1)
    {
        if (value < least || value > most)
        {
            throw new IndexerException(
                IndexerErrorKind.Configuration,
                string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; it must be {least:N0} to {most:N0}."));
        }
    }
}
