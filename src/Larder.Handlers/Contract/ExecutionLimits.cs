namespace Larder.Handlers.Contract;

/// <summary>What one run of a handler may use at most. A null limit of a call stands for that of the runtime.</summary>
public sealed record ExecutionLimits
{
    /// <summary>
    /// Time that guest code may run, from 1 ms; default 5 s. Time in the queue and in extensions does not count.
    /// <see cref="TimeSpan.Zero"/> is no limit.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Fuel of a run, resumptions included; default 0, no limit.</summary>
    public long Fuel { get; init; }

    /// <summary>Calls of host functions; default 10,000.</summary>
    public int HostCalls { get; init; } = 10_000;

    /// <summary>Changes of the state; default 1,000.</summary>
    public int StateMutations { get; init; } = 1_000;

    /// <summary>Events; default 100.</summary>
    public int Events { get; init; } = 100;

    /// <summary>View commands; default 100.</summary>
    public int ViewCommands { get; init; } = 100;

    /// <summary>Bytes of all effects and the return value, as JSON; default 1 MiB.</summary>
    public int OutputBytes { get; init; } = 1024 * 1024;

    /// <summary>Bytes of what is logged; default 64 KiB. What is beyond is cut, and the run goes on.</summary>
    public int LogBytes { get; init; } = 64 * 1024;
}
