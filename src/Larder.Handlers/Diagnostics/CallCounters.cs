using System.Collections.Immutable;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Diagnostics;

/// <summary>Sums over calls. Not thread safe.</summary>
internal sealed class CallCounters
{
    private static readonly int Codes = Enum.GetValues<HandlerErrorCode>().Length;
    private static readonly int Origins = Enum.GetValues<HandlerOrigin>().Length;

    private readonly long[] _errors = new long[Codes];
    private readonly long[] _origins = new long[Origins];

    public long Successes { get; private set; }

    public long Failures { get; private set; }

    public long Suspensions { get; private set; }

    public long Instructions { get; private set; }

    public long HostCalls { get; private set; }

    /// <summary>Sum of the heap's bytes at the end of calls.</summary>
    public long UsedBytes { get; private set; }

    public long PeakBytes { get; private set; }

    public TimeSpan Duration { get; private set; }

    public TimeSpan CompilationTime { get; private set; }

    /// <summary>Runs that ended.</summary>
    public long Executions => Successes + Failures;

    /// <summary>Results of any kind.</summary>
    public long Calls => Executions + Suspensions;

    public long CacheHits =>
        Of(HandlerOrigin.Memory) + Of(HandlerOrigin.Disk) + Of(HandlerOrigin.Remote);

    public ImmutableSortedDictionary<HandlerErrorCode, long> Errors
    {
        get
        {
            var errors = ImmutableSortedDictionary.CreateBuilder<HandlerErrorCode, long>();
            for (var code = 0; code < _errors.Length; code++)
            {
                if (_errors[code] > 0)
                {
                    errors.Add((HandlerErrorCode)code, _errors[code]);
                }
            }

            return errors.ToImmutable();
        }
    }

    /// <summary>Calls whose compiled handler came from there.</summary>
    public long Of(HandlerOrigin origin) => _origins[(int)origin];

    /// <summary>Takes a result.</summary>
    /// <param name="result">The result.</param>
    /// <param name="hostCalls">The sum of its host calls.</param>
    public void Record(HandlerResult result, long hostCalls)
    {
        switch (result.Status)
        {
            case HandlerStatus.Success:
                Successes++;
                break;
            case HandlerStatus.Suspended:
                Suspensions++;
                break;
            default:
                Failures++;
                _errors[(int)(result.Error?.Code ?? HandlerErrorCode.InternalError)]++;
                break;
        }

        var metrics = result.Metrics;
        _origins[(int)metrics.Origin]++;
        Instructions += metrics.InstructionCount;
        HostCalls += hostCalls;
        UsedBytes += metrics.MemoryUsedBytes;
        PeakBytes = Math.Max(PeakBytes, metrics.MemoryPeakBytes);
        Duration += metrics.Duration;
        CompilationTime += metrics.CompilationTime ?? TimeSpan.Zero;
    }

    /// <summary>Adds the sums of another.</summary>
    public void Add(CallCounters other)
    {
        Successes += other.Successes;
        Failures += other.Failures;
        Suspensions += other.Suspensions;
        Instructions += other.Instructions;
        HostCalls += other.HostCalls;
        UsedBytes += other.UsedBytes;
        PeakBytes = Math.Max(PeakBytes, other.PeakBytes);
        Duration += other.Duration;
        CompilationTime += other.CompilationTime;
        for (var code = 0; code < _errors.Length; code++)
        {
            _errors[code] += other._errors[code];
        }

        for (var origin = 0; origin < _origins.Length; origin++)
        {
            _origins[origin] += other._origins[origin];
        }
    }
}
