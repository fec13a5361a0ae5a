using System.Collections.Immutable;

namespace Larder.Oci.Registry;

/// <summary>How registries are spoken to.</summary>
public sealed record RegistryOptions
{
    /// <summary>What holds for single registries, by host and port as references have them.</summary>
    public ImmutableDictionary<string, RegistryHostOptions> Hosts { get; init; } =
        ImmutableDictionary<string, RegistryHostOptions>.Empty;

    /// <summary>What holds for all other registries.</summary>
    public RegistryHostOptions DefaultHost { get; init; } = new();

    /// <summary>Credentials for the registry that is asked for, before all others; null for none.</summary>
    public RegistryCredential? Credential { get; init; }

    /// <summary>
    /// The directory of Docker's <c>config.json</c>; null for <c>DOCKER_CONFIG</c> or <c>~/.docker</c>; empty for none.
    /// </summary>
    public string? DockerConfigDirectory { get; init; }

    /// <summary>How long connecting and the TLS handshake may take. Default 10 seconds.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the answer to a request may take to begin. Default 30 seconds.</summary>
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a body may stand still. Default 30 seconds.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Fewest bytes a second that a body brings while it is waited for, measured over the idle time; what is slower is
    /// broken off and gone on with. Default 256.
    /// </summary>
    public int MinBytesPerSecond { get; init; } = 256;

    /// <summary>How long a credential helper may take. Default 20 seconds.</summary>
    public TimeSpan HelperTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often a request is made at most, and a body gone on with that brings nothing. Default 5.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>The wait before the second attempt; each further one is twice as long. Default 250 milliseconds.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest wait between attempts; a server that asks for a longer one is given up. Default 60 seconds.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a mirror that failed is passed over. Default 30 seconds.</summary>
    public TimeSpan MirrorPenalty { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most requests to one server at a time, bodies that are being read included. Default 16.</summary>
    public int MaxRequestsPerHost { get; init; } = 16;

    /// <summary>Whether the proxy of the environment (<c>HTTPS_PROXY</c> and its kin) is used. Default true.</summary>
    public bool UseProxy { get; init; } = true;

    /// <summary>What holds for a registry.</summary>
    internal RegistryHostOptions HostOf(string registry) => Hosts.GetValueOrDefault(registry, DefaultHost);

    /// <summary>Checks every option.</summary>
    /// <exception cref="OciException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        Require(ConnectTimeout > TimeSpan.Zero, "ConnectTimeout must be positive");
        Require(FirstByteTimeout > TimeSpan.Zero, "FirstByteTimeout must be positive");
        Require(IdleTimeout > TimeSpan.Zero, "IdleTimeout must be positive");
        Require(MinBytesPerSecond >= 0, "MinBytesPerSecond must not be negative");
        Require(HelperTimeout > TimeSpan.Zero, "HelperTimeout must be positive");
        Require(MaxAttempts > 0, "MaxAttempts must be at least 1");
        Require(RetryDelay >= TimeSpan.Zero, "RetryDelay must not be negative");
        Require(MaxRetryDelay >= RetryDelay, "MaxRetryDelay must not be shorter than RetryDelay");
        Require(MirrorPenalty >= TimeSpan.Zero, "MirrorPenalty must not be negative");
        Require(MaxRequestsPerHost > 0, "MaxRequestsPerHost must be at least 1");
    }

    private static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new OciException(OciErrorKind.Configuration, $"Registry options: {rule}.");
        }
    }
}
