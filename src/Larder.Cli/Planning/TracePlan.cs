using System.Collections.Immutable;
using Larder.Cache.Artifacts;
using Larder.Cache.Memory;
using Larder.Cache.Sizing;

namespace Larder.Cli.Planning;

/// <summary>Makes the plan of one tier from a trace: the curve of all its requests, and the default policy really run.</summary>
internal static class TracePlan
{
    // Four million keys are followed at most, which is every key of most traces; each takes about 100 bytes.
    private const int MaxSamples = 4 * 1024 * 1024;

    // Longer traces are not kept, and so not run again through the policy.
    private const int MaxKept = 50_000_000;

    /// <summary>Reads a trace and makes the plan.</summary>
    /// <param name="requests">The trace.</param>
    /// <param name="tier">Whose weights are counted: memory or disk.</param>
    /// <param name="capacity">The capacity to compare with; 0 for none.</param>
    /// <param name="target">The wanted hit ratio; null for the default.</param>
    /// <param name="runsPolicy">Whether the default policy is run at every capacity of the plan.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">The trace has no request, or is malformed.</exception>
    public static async Task<TierPlan> MakeAsync(
        IAsyncEnumerable<TraceRequest> requests,
        TierKind tier,
        long capacity,
        double? target,
        bool runsPolicy,
        CancellationToken cancellationToken)
    {
        var sampler = new ReuseSampler(new ReuseSamplerOptions { MaxSamples = MaxSamples, HalfLife = 0, MaxReferencesPerSecond = 0 });
        var kept = new List<TraceRequest>();
        var hasSizes = false;
        long count = 0;
        await foreach (var request in requests.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            hasSizes |= request.Bytes > 1;
            var weighed = request with { Bytes = tier == TierKind.Disk ? EntryWeights.OnDisk(request.Bytes) : EntryWeights.InMemory(request.Bytes) };
            sampler.Look(weighed.Key, 0, weighed.Bytes, found: false);
            if (++count <= MaxKept && runsPolicy)
            {
                kept.Add(weighed);
            }
        }

        if (count == 0)
        {
            throw CommandException.Usage("The trace has no request.");
        }

        var curve = hasSizes ? sampler.GetCurve() : sampler.GetEntryCurve();
        var plan = TierPlan.Make(tier, curve, [], hasSizes ? capacity : 0, target, inEntries: !hasSizes);
        return count > MaxKept || !runsPolicy
            ? plan
            : plan with { Steps = await RunAsync(kept, plan.Steps, hasSizes, cancellationToken).ConfigureAwait(false) };
    }

    private static async Task<ImmutableArray<SizeStep>> RunAsync(
        List<TraceRequest> requests, ImmutableArray<SizeStep> steps, bool hasSizes, CancellationToken cancellationToken)
    {
        var run = steps.ToArray();
        await Task.Run(
            () => Parallel.For(0, run.Length, new ParallelOptions { CancellationToken = cancellationToken }, at =>
                run[at] = run[at] with { PolicyHitRatio = Run(requests, run[at].CapacityBytes, hasSizes, cancellationToken) }),
            cancellationToken).ConfigureAwait(false);
        return [.. run];
    }

    private static double Run(List<TraceRequest> requests, long capacity, bool hasSizes, CancellationToken cancellationToken)
    {
        const int LookUp = 1 << 16;
        var cache = new BoundedCache<ulong, long>(hasSizes
            ? new() { CapacityBytes = capacity, Weigher = static (_, bytes) => bytes }
            : new() { MaxEntries = capacity });
        long hits = 0;
        for (var at = 0; at < requests.Count; at++)
        {
            if (at % LookUp == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (cache.TryGet(requests[at].Key, out _))
            {
                hits++;
            }
            else
            {
                cache.Put(requests[at].Key, requests[at].Bytes);
            }
        }

        return hits / (double)requests.Count;
    }
}
