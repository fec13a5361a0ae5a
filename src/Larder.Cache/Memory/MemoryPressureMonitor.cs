using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Larder.Cache.Memory;

/// <summary>
/// Makes the memory tier give way when memory is short for others, and lets it grow back slowly afterwards.
/// </summary>
/// <remarks>
/// <para>Memory is short when a control group of the process or the machine is used up to a part of its limit, when
/// tasks wait for memory (the kernel's pressure figures), or when the garbage collector says that its limit is near.
/// While it is, a few percent of the tier's capacity are given up at each look, up to a most; between the low and the
/// high mark nothing changes; below the low mark the capacity comes back in smaller steps.</para>
/// <para>A tier on an arena is watched only: its pages stay committed whatever is evicted, so evicting frees nothing.</para>
/// <para>One loop, owned by this object: disposing stops it, waits for it and gives the tier its capacity back.</para>
/// </remarks>
public sealed partial class MemoryPressureMonitor : IAsyncDisposable
{
    private readonly ArtifactMemoryTier _tier;
    private readonly MemoryPressureOptions _options;
    private readonly MachineMemory _machine;
    private readonly Func<MemoryUsage> _collector;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly PeriodicTimer _timer;
    private readonly Task _loop;

    // Written by the loop alone, as a whole.
    private StateCell _state = new(default);

    /// <summary>Begins to watch.</summary>
    /// <exception cref="CacheException"><see cref="CacheErrorKind.Configuration"/>: an option is out of range.</exception>
    public MemoryPressureMonitor(ArtifactMemoryTier tier, MemoryPressureOptions options, ILogger logger, TimeProvider time)
        : this(tier, options, logger, time, MachineMemory.OfThisMachine, ReadCollector)
    {
    }

    internal MemoryPressureMonitor(
        ArtifactMemoryTier tier,
        MemoryPressureOptions options,
        ILogger logger,
        TimeProvider time,
        MachineMemory machine,
        Func<MemoryUsage> collector)
    {
        ArgumentNullException.ThrowIfNull(tier);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _tier = tier;
        _options = options;
        _logger = logger;
        _machine = machine;
        _collector = collector;
        _timer = new PeriodicTimer(options.Interval, time);
        _loop = RunAsync();
    }

    /// <summary>What was seen at the last look.</summary>
    public MemoryPressureState State => Volatile.Read(ref _state).Value;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            await _loop.ConfigureAwait(false);
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _timer.Dispose();
        _stop.Dispose();
        _tier.Withhold(0);
    }

    /// <summary>Looks once. The loop calls it; tests may.</summary>
    internal void Look()
    {
        var last = State;
        var (isShort, isEased, state) = Measure();
        var withheld = last.WithheldPart;
        if (_tier.Arena is not null)
        {
            withheld = 0;
        }
        else if (isShort)
        {
            withheld = Math.Max(withheld, Math.Min(_options.Most, withheld + _options.Step));
        }
        else if (isEased)
        {
            withheld = Math.Max(0, withheld - _options.RestoreStep);
        }

        if (withheld != last.WithheldPart)
        {
            var evicted = _tier.Withhold(withheld);
            if (isShort)
            {
                LogShort(_logger, state.Reason, ByteText.Of(evicted), withheld);
            }
            else if (withheld == 0)
            {
                LogEased(_logger, state.Reason);
            }
        }

        Volatile.Write(ref _state, new StateCell(state with { WithheldPart = withheld, Looks = last.Looks + 1 }));
    }

    // The collector's own view: the load it sees against the load from which it works harder.
    private static MemoryUsage ReadCollector()
    {
        var memory = GC.GetGCMemoryInfo();
        return new MemoryUsage(memory.MemoryLoadBytes, memory.TotalAvailableMemoryBytes, "the garbage collector's limit");
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                try
                {
                    Look();
                }
                catch (Exception exception)
                {
                    // The loop outlives a look that failed: the next one may not.
                    LogFailed(_logger, exception);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private (bool IsShort, bool IsEased, MemoryPressureState State) Measure()
    {
        var tightest = _machine.ReadMachine();
        foreach (var usage in _machine.ReadGroups().Append(_collector()))
        {
            tightest = usage.Ratio > tightest.Ratio ? usage : tightest;
        }

        var stall = _machine.ReadStall();
        var stalls = stall >= _options.StallPercent;
        var isShort = stalls || tightest.Ratio >= _options.HighRatio;
        var isEased = !isShort && tightest.Ratio < _options.LowRatio && (stall is null || stall < _options.StallPercent / 2);
        var reason = stalls
            ? string.Create(CultureInfo.InvariantCulture, $"tasks waited for memory {stall:0.#} % of the last ten seconds")
            : string.Create(CultureInfo.InvariantCulture, $"{tightest.Source} is used to {tightest.Ratio * 100:0.#} %");
        return (isShort, isEased, new MemoryPressureState(isShort, reason, tightest.Ratio, stall ?? -1, 0, 0));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Memory is short ({Reason}): {Evicted} were evicted, the memory tier gives up {Part:P0} of its capacity.")]
    private static partial void LogShort(ILogger logger, string reason, string evicted, double part);

    [LoggerMessage(Level = LogLevel.Information, Message = "Memory is not short any more ({Reason}): the memory tier has its whole capacity again.")]
    private static partial void LogEased(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking at the machine's memory failed; it is tried again.")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    private sealed record StateCell(MemoryPressureState Value);
}
