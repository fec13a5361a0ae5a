using System.Collections.Immutable;

namespace Larder.Oci.Registry;

/// <summary>How one registry is spoken to.</summary>
public sealed record RegistryHostOptions
{
    /// <summary>
    /// Whether it is spoken to without TLS; null for only when it is on the loopback and no <see cref="CaFile"/> is set.
    /// </summary>
    public bool? PlainHttp { get; init; }

    /// <summary>A file of certificates in PEM form that are trusted besides the system's; null for none.</summary>
    public string? CaFile { get; init; }

    /// <summary>
    /// Servers that are asked before the registry itself, in this order: <c>host[:port]</c> or an <c>http(s)</c> URL, whose
    /// path goes in front of <c>/v2</c>.
    /// </summary>
    public ImmutableArray<string> Mirrors { get; init; } = [];
}
