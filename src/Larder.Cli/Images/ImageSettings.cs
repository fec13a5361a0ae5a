using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Larder.Oci.Registry;

namespace Larder.Cli.Images;

/// <summary>Where layers are kept, and how images are got.</summary>
internal sealed record ImageSettings
{
    /// <summary>The cache directory.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>Whether the directory is another process's, a node's, also while that does not run.</summary>
    public bool SharesCache { get; init; }

    /// <summary>Most bytes that it may take.</summary>
    public long CapacityBytes { get; init; } = 32L * 1024 * 1024 * 1024;

    /// <summary>The remote tier, such as <c>http://host:7070</c> or <c>redis://host</c>; null for none.</summary>
    public string? Remote { get; init; }

    /// <summary>The platform, such as <c>linux/arm64</c>; null for this machine's.</summary>
    public string? Platform { get; init; }

    /// <summary>Whether registries are spoken to without TLS.</summary>
    public bool PlainHttp { get; init; }

    /// <summary>Certificates that are trusted besides the system's; null for none.</summary>
    public string? CaFile { get; init; }

    /// <summary>Servers that are asked before a registry, each as <c>REGISTRY=SERVER</c>.</summary>
    public IReadOnlyList<string> Mirrors { get; init; } = [];

    /// <summary>What the command line says of the user; null for what the environment or Docker has. Never written down.</summary>
    [JsonIgnore]
    public RegistryCredential? Credential { get; init; }

    /// <summary>How registries are spoken to.</summary>
    [JsonIgnore]
    public RegistryOptions Registries
    {
        get
        {
            var common = new RegistryHostOptions { PlainHttp = PlainHttp ? true : null, CaFile = CaFile };
            return new RegistryOptions
            {
                Credential = Credential,
                DefaultHost = common,
                Hosts = Mirrors.Select(SplitMirror).GroupBy(static pair => pair.Registry, StringComparer.Ordinal).ToImmutableDictionary(
                    static group => group.Key,
                    group => common with { Mirrors = [.. group.Select(static pair => pair.Server)] }),
            };
        }
    }

    /// <summary>
    /// Hands the user and the password of the command line on to processes that this one starts, by the environment,
    /// where other users do not see them.
    /// </summary>
    public void ExportCredential()
    {
        if (Credential is not null)
        {
            Environment.SetEnvironmentVariable("LARDER_REGISTRY_USERNAME", Credential.User);
            Environment.SetEnvironmentVariable("LARDER_REGISTRY_PASSWORD", Credential.Password);
        }
    }

    private static (string Registry, string Server) SplitMirror(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && equals < text.Length - 1
            ? (text[..equals], text[(equals + 1)..])
            : throw CommandException.Usage($"'--mirror {text}' must be REGISTRY=SERVER, for example docker.io=https://mirror.example.");
    }
}
