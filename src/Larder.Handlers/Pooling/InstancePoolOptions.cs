namespace Larder.Handlers.Pooling;

/// <summary>The bounds of a pool of instances. Validated once, when the pool is made.</summary>
public sealed record InstancePoolOptions
{
    /// <summary>
    /// Most instances that are idle, in use or being made, from 1; default 10. Suspended ones are not among them.
    /// </summary>
    public int MaxInstances { get; init; } = 10;

    /// <summary>Instances made at start and kept, from 0 to <see cref="MaxInstances"/>; default 1.</summary>
    public int MinInstances { get; init; } = 1;

    /// <summary>
    /// Most bytes of all instances that are not suspended; default 512 MiB. An instance that is alone is always let run.
    /// </summary>
    public long MaxBytes { get; init; } = 512L * 1024 * 1024;

    /// <summary>
    /// What an instance counts at least while it is in use, in bytes: as much as it may become, for a bound that holds
    /// at every instant. Default 0: it counts what it last measured.
    /// </summary>
    public long InUseBytes { get; init; }

    /// <summary>Most callers that wait; the next one is refused. Default 1,000.</summary>
    public int MaxWaiting { get; init; } = 1000;

    /// <summary>Most of them for one tenant; null, the default, for half of <see cref="MaxWaiting"/>.</summary>
    public int? TenantMaxWaiting { get; init; }

    /// <summary>Most instances in use by one tenant at any time; 0, the default, for no such limit.</summary>
    public int TenantMaxInstances { get; init; }

    /// <summary>
    /// The part of <see cref="MaxInstances"/> that one tenant gets while another waits that holds less than its own;
    /// above 0 to 1, default 0.5. At least one instance.
    /// </summary>
    public double TenantShare { get; init; } = 0.5;

    /// <summary>
    /// An instance idle for longer is dropped, down to <see cref="MinInstances"/>; default one minute.
    /// <see cref="Timeout.InfiniteTimeSpan"/> keeps them.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Drops idle instances, too, that make the pool larger than the most that were in use at once within this time.
    /// Null, the default: instances that calls of their own handler keep fresh stay.
    /// </summary>
    public TimeSpan? PeakWindow { get; init; }

    /// <summary>Uses after which an instance is dropped; 0, the default, for no such limit.</summary>
    public int MaxUses { get; init; }

    /// <summary>Age at which an instance that is not in use is dropped; null, the default, for no such limit.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>When an instance is put back into its first state. Default <see cref="InstanceResetMode.Background"/>.</summary>
    public InstanceResetMode ResetMode { get; init; } = InstanceResetMode.Background;

    /// <summary>Most suspended instances; default 100. 0 switches suspension off.</summary>
    public int MaxSuspended { get; init; } = 100;

    /// <summary>Most of them for one tenant; null, the default, for half of <see cref="MaxSuspended"/>.</summary>
    public int? TenantMaxSuspended { get; init; }

    /// <summary>Most bytes of all suspended instances; default 256 MiB.</summary>
    public long MaxSuspendedBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>A suspended instance that is not resumed within this time is dropped; default 30 s.</summary>
    public TimeSpan SuspensionTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// After a failed creation none is tried for this long; each further failure doubles it. Default 100 ms.
    /// </summary>
    public TimeSpan CreationBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest such pause; default 30 s.</summary>
    public TimeSpan MaxCreationBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the pool looks for what is idle, old or expired; default 1 s.</summary>
    public TimeSpan MaintenanceInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long disposal waits for instances that are in use; default 10 s.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What one tenant may have in the queue.</summary>
    internal int WaitingOfTenant => TenantMaxWaiting ?? Math.Max(1, MaxWaiting / 2);

    /// <summary>What one tenant may have suspended.</summary>
    internal int SuspendedOfTenant => TenantMaxSuspended ?? Math.Max(1, MaxSuspended / 2);

    /// <summary>What one tenant may have in use while others wait.</summary>
    internal int ShareOfTenant => Math.Max(1, (int)(MaxInstances * TenantShare));

    /// <summary>Throws when a value is outside its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxInstances, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(MinInstances);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MinInstances, MaxInstances);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(InUseBytes);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxWaiting);
        ArgumentOutOfRangeException.ThrowIfNegative(TenantMaxWaiting ?? 0, nameof(TenantMaxWaiting));
        ArgumentOutOfRangeException.ThrowIfNegative(TenantMaxInstances);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(TenantShare);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(TenantShare, 1);
        RequirePositive(IdleTimeout, nameof(IdleTimeout), orInfinite: true);
        RequirePositive(PeakWindow ?? TimeSpan.MaxValue, nameof(PeakWindow));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxUses);
        RequirePositive(MaxAge ?? TimeSpan.MaxValue, nameof(MaxAge));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSuspended);
        ArgumentOutOfRangeException.ThrowIfNegative(TenantMaxSuspended ?? 0, nameof(TenantMaxSuspended));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSuspendedBytes);
        RequirePositive(SuspensionTimeout, nameof(SuspensionTimeout));
        RequirePositive(CreationBackoff, nameof(CreationBackoff));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxCreationBackoff, CreationBackoff);
        RequirePositive(MaintenanceInterval, nameof(MaintenanceInterval));
        ArgumentOutOfRangeException.ThrowIfLessThan(ShutdownTimeout, TimeSpan.Zero);
    }

    private static void RequirePositive(TimeSpan value, string name, bool orInfinite = false)
    {
        if (!(orInfinite && value == Timeout.InfiniteTimeSpan))
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero, name);
        }
    }
}
