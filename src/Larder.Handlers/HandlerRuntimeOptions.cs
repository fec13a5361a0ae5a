using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;
using Larder.Handlers.Engine;
using Larder.Handlers.Pooling;

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

    /// <summary>Bytes of memory that one instance may have, 4 MiB to 1 GiB, the engine's own 2 MiB included. Default 32 MiB.</summary>
    public long MemoryLimitBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>Bytes of the JavaScript stack, 64 to 512 KiB. Default 256 KiB.</summary>
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

    /// <summary>Most handlers that statistics tell apart; the others are summed up. Default 200.</summary>
    public int MaxHandlerStatistics { get; init; } = 200;

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

    /// <summary>How handlers are compiled and kept; its limit on sources is <see cref="MaxSourceBytes"/>.</summary>
    public HandlerCompilerOptions Compiler { get; init; } = new();

    /// <summary>
    /// The part of <see cref="MaxInstances"/> that one panel gets while another waits that holds less than its own; above 0
    /// to 1. Default 0.5.
    /// </summary>
    public double TenantShare { get; init; } = 0.5;

    /// <summary>An instance idle for longer is dropped, down to <see cref="MinInstances"/>. Default one minute.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Runs after which an instance is replaced; 0, the default, for no such limit.</summary>
    public int MaxUses { get; init; }

    /// <summary>When an instance that comes back is put into its first state. Default by whoever gives it back.</summary>
    public InstanceResetMode ResetMode { get; init; } = InstanceResetMode.OnRelease;

    /// <summary>The clock. Default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <exception cref="HandlersException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        Require(MaxInstances is >= 1 and <= 100_000, $"{nameof(MaxInstances)} must be 1 to 100,000");
        Require(MinInstances >= 0 && MinInstances <= MaxInstances, $"{nameof(MinInstances)} must be 0 to {nameof(MaxInstances)}");
        Require(
            MemoryLimitBytes is >= QuickJsLimits.LeastMemoryBytes and <= 1L << 30, $"{nameof(MemoryLimitBytes)} must be 4 MiB to 1 GiB");
        Require(StackBytes is >= 64 * 1024 and <= QuickJsLimits.MostStackBytes, $"{nameof(StackBytes)} must be 64 to 512 KiB");
        Require(TotalMemoryBytes >= 0, $"{nameof(TotalMemoryBytes)} must not be negative");
        Require(Limits.Timeout >= TimeSpan.Zero && Limits.Fuel >= 0, $"{nameof(Limits)} must not be negative");
        Require(Limits.Fuel == 0 || Metering, $"a limit of fuel needs {nameof(Metering)}");
        Require(AcquireTimeout >= TimeSpan.Zero, $"{nameof(AcquireTimeout)} must not be negative");
        Require(MaxQueued >= 0, $"{nameof(MaxQueued)} must not be negative");
        Require(MaxHandlerImages >= 0, $"{nameof(MaxHandlerImages)} must not be negative");
        Require(MaxHandlerStatistics >= 0, $"{nameof(MaxHandlerStatistics)} must not be negative");
        Require(MaxSuspended >= 0 && MaxSuspendedBytes >= 0, $"{nameof(MaxSuspended)} and {nameof(MaxSuspendedBytes)} must not be negative");
        Require(SuspensionTimeout > TimeSpan.Zero, $"{nameof(SuspensionTimeout)} must be positive");
        Require(MaxInputBytes >= 0, $"{nameof(MaxInputBytes)} must not be negative");
        Require(TenantShare is > 0 and <= 1, $"{nameof(TenantShare)} must be above 0 to 1");
        Require(IdleTimeout > TimeSpan.Zero || IdleTimeout == Timeout.InfiniteTimeSpan, $"{nameof(IdleTimeout)} must be positive");
        Require(MaxUses >= 0, $"{nameof(MaxUses)} must not be negative");
    }

    /// <summary>The bounds of the pool.</summary>
    internal InstancePoolOptions PoolOptions() => new()
    {
        MaxInstances = MaxInstances,
        MinInstances = MinInstances,
        MaxBytes = TotalMemoryBytes == 0 ? long.MaxValue : TotalMemoryBytes,
        MaxWaiting = MaxQueued,
        TenantShare = TenantShare,
        IdleTimeout = IdleTimeout,
        MaxUses = MaxUses,
        ResetMode = ResetMode,
        MaxSuspended = MaxSuspended,
        MaxSuspendedBytes = MaxSuspendedBytes,
        SuspensionTimeout = SuspensionTimeout,
    };

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
        {
            throw new HandlersException(HandlersErrorKind.Configuration, sentence + ".");
        }
    }
}
