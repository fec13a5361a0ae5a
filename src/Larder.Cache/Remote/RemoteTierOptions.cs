namespace Larder.Cache.Remote;

/// <summary>How a <see cref="RemoteTier"/> behaves. Validated once, when the tier is opened.</summary>
public sealed record RemoteTierOptions
{
    /// <summary>A store over HTTP; null when <see cref="Store"/> is given.</summary>
    public HttpRemoteStoreOptions? Http { get; init; }

    /// <summary>The store; null when <see cref="Http"/> is given. The tier disposes it.</summary>
    public IRemoteStore? Store { get; init; }

    /// <summary>
    /// How long a lookup waits for the first byte, attempts and waiting for a turn included. What passes it counts as a
    /// dead store. Default 2 seconds.
    /// </summary>
    public TimeSpan LookupTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Slowest transfer that is waited for, in bytes a second: the time for a whole body is <see cref="LookupTimeout"/>
    /// and its length divided by this. Default 256 KiB a second.
    /// </summary>
    public long MinBytesPerSecond { get; init; } = 256 * 1024;

    /// <summary>Most requests of lookups at a time. Default 32.</summary>
    public int MaxReads { get; init; } = 32;

    /// <summary>Attempts of one lookup, continuations of a body that broke off included. Default 3.</summary>
    public int ReadAttempts { get; init; } = 3;

    /// <summary>Largest artifact that is fetched or sent, in bytes. Default 16 GiB.</summary>
    public long MaxEntryBytes { get; init; } = 16L * 1024 * 1024 * 1024;

    /// <summary>Uploads at a time; 0 makes the tier read-only. Default 4.</summary>
    public int Writers { get; init; } = 4;

    /// <summary>Most artifacts that wait for their upload or are being sent. Default 1,024.</summary>
    public int QueueEntries { get; init; } = 1024;

    /// <summary>
    /// Most bytes of artifacts that wait for their upload or are being sent. They stay pinned in the tier that holds
    /// them. Default 1 GiB.
    /// </summary>
    public long QueueBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Attempts of one upload. Default 5.</summary>
    public int WriteAttempts { get; init; } = 5;

    /// <summary>How long an artifact may wait for its upload before it is given up. Default 10 minutes.</summary>
    public TimeSpan MaxWriteAge { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long no upload is tried after the store said that this node may not write. Default 1 minute.
    /// </summary>
    public TimeSpan RefusedWritePause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Wait before the second attempt of an upload; doubles with each, and up to half is added at random. Default 100 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait between two attempts. Default 10 seconds.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Failures in a row that open the circuit. A failure that took a whole time limit opens it alone. Default 3.
    /// </summary>
    public int CircuitThreshold { get; init; } = 3;

    /// <summary>How long the circuit stays open at first; doubles with each opening in a row. Default 1 second.</summary>
    public TimeSpan CircuitOpenTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time the circuit stays open. Default 30 seconds.</summary>
    public TimeSpan MaxCircuitOpenTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a node that makes an artifact may be silent before another takes its turn, where the store offers leases.
    /// Zero switches turns off: every node makes what it misses. Default 5 seconds.
    /// </summary>
    public TimeSpan FleetLease { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a fill waits for another node at most before it runs here as well. Default 30 seconds.</summary>
    public TimeSpan FleetWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Checks every option.</summary>
    /// <exception cref="CacheException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        Require((Http is null) != (Store is null), "a remote tier needs exactly one of Http and Store");
        Require(LookupTimeout > TimeSpan.Zero, "LookupTimeout must be positive");
        Require(MinBytesPerSecond > 0, "MinBytesPerSecond must be positive");
        Require(MaxReads > 0, "MaxReads must be at least 1");
        Require(ReadAttempts > 0, "ReadAttempts must be at least 1");
        Require(MaxEntryBytes >= 0, "MaxEntryBytes must not be negative");
        Require(Writers is >= 0 and <= 1024, "Writers must be 0 to 1,024");
        Require(QueueEntries >= 0, "QueueEntries must not be negative");
        Require(QueueBytes >= 0, "QueueBytes must not be negative");
        Require(WriteAttempts > 0, "WriteAttempts must be at least 1");
        Require(MaxWriteAge > TimeSpan.Zero, "MaxWriteAge must be positive");
        Require(RefusedWritePause >= TimeSpan.Zero, "RefusedWritePause must not be negative");
        Require(RetryDelay >= TimeSpan.Zero && MaxRetryDelay >= RetryDelay, "MaxRetryDelay must be at least RetryDelay, which must not be negative");
        Require(FleetLease == TimeSpan.Zero || FleetLease >= TimeSpan.FromMilliseconds(100), "FleetLease must be zero or at least 100 ms");
        Require(FleetWait >= TimeSpan.Zero, "FleetWait must not be negative");
        Require(CircuitThreshold > 0, "CircuitThreshold must be at least 1");
        Require(
            CircuitOpenTime > TimeSpan.Zero && MaxCircuitOpenTime >= CircuitOpenTime,
            "MaxCircuitOpenTime must be at least CircuitOpenTime, which must be positive");
    }

    /// <summary>Throws unless <paramref name="holds"/>.</summary>
    internal static void Require(bool holds, string sentence)
    {
        if (!holds)
        {
            throw new CacheException(CacheErrorKind.Configuration, $"The remote tier cannot be opened: {sentence}.");
        }
    }
}
