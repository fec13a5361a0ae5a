using Larder.Handlers.Contract;

namespace Larder.Handlers;

/// <summary>How a <see cref="HandlerRuntime"/> works. Validated once, when it starts.</summary>
public sealed record HandlerRuntimeOptions
{
    /// <summary>
    /// Path of the JavaScript engine's WebAssembly module; null to look for it in the environment variable
    /// <c>LARDER_QUICKJS</c> and then beside the program, in <c>engines/quickjs.wasm</c>. Default null.
    /// </summary>
    public string? EngineModulePath { get; init; }

    /// <summary>Most runs at a time, from 1. Default 10.</summary>
    public int MaxInstances { get; init; } = 10;

    /// <summary>Instances that are made at the start and kept, from 0 to <see cref="MaxInstances"/>. Default 2.</summary>
    public int MinInstances { get; init; } = 2;

    /// <summary>Bytes of memory that one instance may have, 1 MiB to 2 GiB. Default 32 MiB.</summary>
    public long MemoryLimitBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>Bytes of the JavaScript stack, 64 KiB to 1 MiB. Default 256 KiB.</summary>
    public int StackBytes { get; init; } = 256 * 1024;

    /// <summary>Bytes of memory that all instances together may have; 0 is no limit. Default 0.</summary>
    public long TotalMemoryBytes { get; init; }

    /// <summary>Limits of a run that gives none of its own.</summary>
    public ExecutionLimits Limits { get; init; } = new();

    /// <summary>
    /// Whether instructions are counted, which fuel limits and <see cref="ExecutionMetrics.InstructionCount"/> need. Default
    /// true.
    /// </summary>
    public bool Metering { get; init; } = true;

    /// <summary>Longest wait for an instance. Default 5 s.</summary>
    public TimeSpan AcquireTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most calls that may wait for an instance; more are refused. Default 1,000.</summary>
    public int MaxQueued { get; init; } = 1_000;

    /// <summary>Most handlers whose image, with their code loaded, is kept ready. Default 64.</summary>
    public int MaxHandlerImages { get; init; } = 64;

    /// <summary>Most runs that may be suspended at a time. Default 1,000.</summary>
    public int MaxSuspended { get; init; } = 1_000;

    /// <summary>Bytes of memory that suspended runs may hold together. Default 256 MiB.</summary>
    public long MaxSuspendedBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>How long a run stays suspended at most. Default 30 s.</summary>
    public TimeSpan SuspensionTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most bytes of a handler's source, as UTF-8. Default 1 MiB.</summary>
    public int MaxSourceBytes { get; init; } = 1024 * 1024;

    /// <summary>Most bytes of state, arguments and scope of a call together. Default 8 MiB.</summary>
    public int MaxInputBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Whether reading the time needs the capability <c>time:now</c>. Default false.</summary>
    public bool TimeRequiresCapability { get; init; }

    /// <summary>The clock. Default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
