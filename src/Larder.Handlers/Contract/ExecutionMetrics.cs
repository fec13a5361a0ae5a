using System.Collections.Immutable;

namespace Larder.Handlers.Contract;

/// <summary>What a run, or the part of one up to a suspension, used.</summary>
public sealed record ExecutionMetrics
{
    /// <summary>Wall time of the whole call: compiling or loading, waiting for an instance, running.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The part of <see cref="Duration"/> that went into waiting for an instance.</summary>
    public TimeSpan QueueTime { get; init; }

    /// <summary>The part of <see cref="Duration"/> in which guest code ran.</summary>
    public TimeSpan RunTime { get; init; }

    /// <summary>Time that the compiler took; null when the handler came from a cache.</summary>
    public TimeSpan? CompilationTime { get; init; }

    /// <summary>Where the compiled handler came from.</summary>
    public HandlerOrigin Origin { get; init; }

    /// <summary>Whether the compiled handler came from a cache or was given by the caller.</summary>
    public bool CacheHit => Origin != HandlerOrigin.Compiled;

    /// <summary>Bytes of the JavaScript heap at the end of the run.</summary>
    public long MemoryUsedBytes { get; init; }

    /// <summary>Bytes of the instance's memory at its greatest.</summary>
    public long MemoryPeakBytes { get; init; }

    /// <summary>Fuel: WebAssembly instructions as <c>Larder.Wasm</c> charges them; the same on every run and machine.</summary>
    public long InstructionCount { get; init; }

    /// <summary>Calls of each host function, by its name.</summary>
    public ImmutableDictionary<string, int> HostCalls { get; init; } = ImmutableDictionary<string, int>.Empty;
}
