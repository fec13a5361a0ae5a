using System.Collections.Immutable;

namespace Larder.Node.Handlers;

/// <summary>What the extension <c>http</c> may do.</summary>
public sealed record HttpExtensionOptions
{
    /// <summary>Hosts that may be asked, compared exactly. Default none, so that every request is refused.</summary>
    public ImmutableArray<string> AllowedDomains { get; init; } = [];

    /// <summary>
    /// Whether an allowed host may have a loopback, private or link-local address. Default false: such an address is refused
    /// whatever name led to it.
    /// </summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>Requests at a time. Default 10.</summary>
    public int MaxConcurrent { get; init; } = 10;

    /// <summary>Longest time of one request, its wait and its body included. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Largest body of an answer, decompressed. Default 1 MiB.</summary>
    public int MaxResponseBytes { get; init; } = 1024 * 1024;

    /// <summary>Redirections that are followed, each checked like the first address. Default 5.</summary>
    public int MaxRedirects { get; init; } = 5;

    /// <summary>What the requests call themselves. Default <c>Larder/0.1</c>.</summary>
    public string UserAgent { get; init; } = "Larder/0.1";
}
