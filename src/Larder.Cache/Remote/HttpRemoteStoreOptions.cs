using System.Security.Cryptography.X509Certificates;

namespace Larder.Cache.Remote;

/// <summary>Where an <see cref="HttpRemoteStore"/> is and how it is spoken to.</summary>
public sealed record HttpRemoteStoreOptions
{
    /// <summary>
    /// The server, <c>http</c> or <c>https</c>, with the path that the store's own paths are put behind. A user part is
    /// taken for <see cref="User"/> and <see cref="Password"/>. Query and fragment are refused.
    /// </summary>
    public required Uri Address { get; init; }

    /// <summary>What the server is. Default <see cref="HttpRemoteFlavour.Larder"/>.</summary>
    public HttpRemoteFlavour Flavour { get; init; }

    /// <summary>Sent as <c>Authorization: Bearer</c>; null for none.</summary>
    public string? BearerToken { get; init; }

    /// <summary>Sent as <c>Authorization: Basic</c> with <see cref="Password"/>; null for none.</summary>
    public string? User { get; init; }

    /// <summary>Belongs to <see cref="User"/>; null for an empty one.</summary>
    public string? Password { get; init; }

    /// <summary>Roots that alone are trusted for TLS, for servers with a private authority; null for the system's.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <summary>Presented to the server when it asks; null for none. Must hold its private key.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>How long connecting and the TLS handshake may take. Default 1 second.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the answer to a request that was sent may take to begin. Default 5 seconds.</summary>
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a body, in either direction, may stand still. Default 5 seconds.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most connections. Default 64.</summary>
    public int MaxConnections { get; init; } = 64;

    /// <summary>Largest payload that is read, in bytes, whatever the server says. Default 16 GiB.</summary>
    public long MaxPayloadBytes { get; init; } = 16L * 1024 * 1024 * 1024;

    /// <summary>
    /// Uploads of at least this many bytes ask first whether the server takes them (<c>Expect: 100-continue</c>).
    /// Default 1 MiB.
    /// </summary>
    public long ExpectContinueBytes { get; init; } = 1024 * 1024;

    /// <summary>Whether the proxy of the environment (<c>HTTPS_PROXY</c> and its kin) is used. Default false.</summary>
    public bool UseProxy { get; init; }

    /// <summary>Returns the address without secrets.</summary>
    public override string ToString() => $"{Flavour} at {Redaction.Name(Address)}";

    /// <summary>Checks every option.</summary>
    /// <exception cref="CacheException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        RemoteTierOptions.Require(
            Address is { IsAbsoluteUri: true, Query: "", Fragment: "" }
            && (Address.Scheme == Uri.UriSchemeHttp || Address.Scheme == Uri.UriSchemeHttps),
            "the address must be an absolute http or https URL without query and fragment");
        RemoteTierOptions.Require(
            BearerToken is null || (User is null && Address.UserInfo.Length == 0),
            "a bearer token and a user exclude each other");
        RemoteTierOptions.Require(
            IsHeaderText(BearerToken) && IsHeaderText(User) && IsHeaderText(Password),
            "token, user and password must not hold control characters");
        RemoteTierOptions.Require(User is null || !User.Contains(':', StringComparison.Ordinal), "a user must not hold a colon");
        RemoteTierOptions.Require(ConnectTimeout > TimeSpan.Zero, "ConnectTimeout must be positive");
        RemoteTierOptions.Require(FirstByteTimeout > TimeSpan.Zero, "FirstByteTimeout must be positive");
        RemoteTierOptions.Require(IdleTimeout > TimeSpan.Zero, "IdleTimeout must be positive");
        RemoteTierOptions.Require(MaxConnections > 0, "MaxConnections must be at least 1");
        RemoteTierOptions.Require(MaxPayloadBytes >= 0, "MaxPayloadBytes must not be negative");
        RemoteTierOptions.Require(ExpectContinueBytes >= 0, "ExpectContinueBytes must not be negative");
    }

    private static bool IsHeaderText(string? text) => text is null || !text.Any(char.IsControl);
}
