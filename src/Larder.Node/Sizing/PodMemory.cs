using System.Collections.Immutable;
using System.Globalization;
using Larder.Handlers;
using Larder.Node.Configuration;

namespace Larder.Node.Sizing;

/// <summary>
/// How much memory a node's container needs. The rules are here and nowhere else: <c>larder plan</c>, the node's
/// <c>/v1/plan</c> and the test of the deployment ask this class. Immutable.
/// </summary>
/// <remarks>
/// <para>A container is killed when what counts against its limit exceeds it, so the limit must hold the most of everything
/// at once. These count:</para>
/// <list type="number">
/// <item>the runtime: the program, its code, the compiled JavaScript engine and the collector's young generation. A node
/// at rest has 68 MiB, with the engine 125 MiB (measured); with what a busy one adds, 160 MiB.</item>
/// <item>the memory tier: its capacity, and on ordinary arrays a quarter more for what the collector has not taken back
/// yet; on an arena a fifteenth more.</item>
/// <item>the volume of the disk tier where it is RAM-backed (<c>medium: Memory</c>): its pages count against the container
/// that wrote them, up to <c>sizeLimit</c>. An entry that is in memory and on such a volume is paid twice.</item>
/// <item>compiled handlers: their own memory, of which the same holds as of the memory tier on arrays.</item>
/// <item>instances: as many as may run, each with its memory limit. Usually each touches 2 MiB.</item>
/// <item>suspended runs: their budget.</item>
/// <item>images of handlers: 2 MiB each.</item>
/// <item>requests in flight: buffers of connections, bodies and answers, 64 MiB for some 300 busy connections.</item>
/// </list>
/// <para>The limit is a tenth above the sum, and no less than four thirds of what the collector manages, which gives itself
/// three quarters of a container's memory at most. The request is the usual use, not the most: a scheduler packs by
/// requests, and a percentage of the request is what an autoscaler would compare.</para>
/// </remarks>
public sealed record PodMemory
{
    /// <summary>The program with the engine, busy.</summary>
    public const long RuntimeBytes = 160 * MiB;

    /// <summary>What an instance touches in a usual run; also what an image takes.</summary>
    public const long TouchedBytes = 2 * MiB;

    /// <summary>Buffers, bodies and answers.</summary>
    public const long InFlightBytes = 64 * MiB;

    private const long MiB = 1024 * 1024;

    // Part of the runtime that the collector manages.
    private const long ManagedRuntimeBytes = 48 * MiB;

    // Limits and requests are given in steps that can be read.
    private const long Step = 16 * MiB;

    /// <summary>What takes memory.</summary>
    public ImmutableArray<MemoryPart> Parts { get; init; } = [];

    /// <summary>What the container's memory limit must be at least.</summary>
    public long LimitBytes { get; init; }

    /// <summary>What its memory request should be.</summary>
    public long RequestBytes { get; init; }

    /// <summary>The memory limit that the node runs under now; null without one or where it is not known.</summary>
    public long? ActualLimitBytes { get; init; }

    /// <summary>The smallest volume that a disk tier of this capacity never fills.</summary>
    /// <remarks>
    /// The tier counts blocks, index and quarantine within its capacity; what comes beside it are the recipes of misses and
    /// the directories themselves.
    /// </remarks>
    public static long VolumeFor(long diskCapacityBytes) =>
        diskCapacityBytes == 0 ? 0 : RoundUp(diskCapacityBytes + Math.Max(12 * MiB, diskCapacityBytes / 64), MiB);

    /// <summary>Adds up what a node with these settings needs.</summary>
    /// <param name="options">The node's settings.</param>
    /// <param name="handlers">How it runs handlers; null when it does not.</param>
    /// <param name="volumeBytes">The <c>sizeLimit</c> of the RAM-backed volume; 0 when the disk tier is on a disk.</param>
    public static PodMemory Of(NodeOptions options, HandlerRuntimeOptions? handlers, long volumeBytes)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(volumeBytes);
        var tier = options.MemoryCapacityBytes;
        var tierMost = options.MemoryArena ? tier + (tier / 15) : tier + (tier / 4);
        var parts = ImmutableArray.CreateBuilder<MemoryPart>();
        parts.Add(new MemoryPart("runtime", RuntimeBytes, RuntimeBytes, "program, engine and young generation"));
        parts.Add(new MemoryPart(
            "memory tier", tierMost, tierMost, $"memory.capacity {Quantity.FormatBytes(tier)}{(options.MemoryArena ? " × 16/15" : " × 5/4")}"));
        if (volumeBytes > 0)
        {
            parts.Add(new MemoryPart("volume", volumeBytes, volumeBytes, "sizeLimit of the RAM-backed volume"));
        }

        var compiled = 0L;
        if (handlers is not null)
        {
            compiled = handlers.Compiler.CapacityBytes / 4 * 5;
            AddHandlers(parts, handlers, compiled);
        }

        parts.Add(new MemoryPart("in flight", InFlightBytes, InFlightBytes / 2, "buffers, bodies and answers"));
        var sum = parts.Sum(static part => part.LimitBytes);
        var managed = ManagedRuntimeBytes + (options.MemoryArena ? 0 : tierMost) + compiled + InFlightBytes;
        return new PodMemory
        {
            Parts = parts.ToImmutable(),
            LimitBytes = RoundUp(Math.Max(sum + (sum / 10), managed / 3 * 4), Step),
            RequestBytes = RoundUp(parts.Sum(static part => part.UsualBytes), Step),
        };
    }

    private static void AddHandlers(ImmutableArray<MemoryPart>.Builder parts, HandlerRuntimeOptions handlers, long compiled)
    {
        parts.Add(new MemoryPart(
            "compiled handlers", compiled, compiled, $"handlers.cache {Quantity.FormatBytes(handlers.Compiler.CapacityBytes)} × 5/4"));
        var instances = handlers.MaxInstances * handlers.MemoryLimitBytes;
        instances = handlers.TotalMemoryBytes > 0 ? Math.Min(instances, handlers.TotalMemoryBytes) : instances;
        parts.Add(new MemoryPart(
            "instances",
            instances,
            Math.Min(instances, handlers.MaxInstances * TouchedBytes),
            string.Create(CultureInfo.InvariantCulture, $"{handlers.MaxInstances} × {Quantity.FormatBytes(handlers.MemoryLimitBytes)}")));
        var suspended = Math.Min(handlers.MaxSuspended * handlers.MemoryLimitBytes, handlers.MaxSuspendedBytes);
        parts.Add(new MemoryPart("suspended runs", suspended, suspended / 4, "handlers.max-suspended-memory"));
        var images = handlers.MaxHandlerImages * TouchedBytes;
        parts.Add(new MemoryPart(
            "images", images, images / 2, string.Create(CultureInfo.InvariantCulture, $"{handlers.MaxHandlerImages} × {Quantity.FormatBytes(TouchedBytes)}")));
    }

    private static long RoundUp(long bytes, long step) => (bytes + step - 1) / step * step;
}
