using System.Globalization;
using System.Net;
using Larder.Oci.References;

namespace Larder.Oci.Registry;

/// <summary>A server that images of a registry are asked for: the registry itself or one of its mirrors.</summary>
internal sealed class RegistryEndpoint
{
    // Where Docker's registry answers, and what its credentials are kept under.
    private const string DockerHost = "registry-1.docker.io";

    private RegistryEndpoint(Uri root, string registry, bool isMirror, string? caFile)
    {
        Root = root;
        Registry = registry;
        IsMirror = isMirror;
        CaFile = caFile;
    }

    /// <summary>Scheme, host, port and path in front of <c>v2/</c>; ends with a slash.</summary>
    public Uri Root { get; }

    /// <summary>What its credentials are kept under: host and port.</summary>
    public string Registry { get; }

    /// <summary>Whether another server holds the truth.</summary>
    public bool IsMirror { get; }

    /// <summary>Certificates that are trusted besides the system's.</summary>
    public string? CaFile { get; }

    /// <summary>When a mirror may be asked again, in timestamps of the clock; 0 for now.</summary>
    public long PassedOverUntil { get; set; }

    /// <summary>Where to ask for images of a registry: its mirrors, and itself at the end.</summary>
    /// <exception cref="OciException">A mirror's address cannot be understood.</exception>
    public static RegistryEndpoint[] Of(string registry, RegistryOptions options)
    {
        var host = options.HostOf(registry);
        return
        [
            .. host.Mirrors.Select(mirror => OfMirror(mirror, registry, options)),
            OfRegistry(registry, host, isMirror: false),
        ];
    }

    /// <summary>Whether a host is this machine itself.</summary>
    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    /// <summary>The address of something in a repository.</summary>
    public Uri Url(string repository, string kind, string target) =>
        new(Root, string.Create(CultureInfo.InvariantCulture, $"v2/{repository}/{kind}/{target}"));

    /// <summary>Returns host and port.</summary>
    public override string ToString() => Registry;

    private static RegistryEndpoint OfMirror(string mirror, string registry, RegistryOptions options)
    {
        if (!mirror.Contains("://", StringComparison.Ordinal))
        {
            return OfRegistry(mirror, options.HostOf(mirror), isMirror: true);
        }

        if (!Uri.TryCreate(mirror, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
            || url.Query.Length > 0 || url.Fragment.Length > 0 || url.UserInfo.Length > 0)
        {
            throw new OciException(
                OciErrorKind.Configuration,
                $"The mirror '{Printable.Shorten(mirror)}' of {registry} is neither a host nor an http or https URL without user, query and fragment.");
        }

        var root = url.AbsolutePath.EndsWith('/') ? url : new Uri(url.AbsoluteUri + "/");
        return new RegistryEndpoint(root, url.Authority, isMirror: true, options.HostOf(url.Authority).CaFile);
    }

    private static RegistryEndpoint OfRegistry(string registry, RegistryHostOptions options, bool isMirror)
    {
        var authority = registry == ImageReference.DefaultRegistry ? DockerHost : registry;
        if (!Uri.TryCreate($"https://{authority}/", UriKind.Absolute, out var url) || url.AbsolutePath != "/" || url.UserInfo.Length > 0)
        {
            throw new OciException(OciErrorKind.Configuration, $"'{Printable.Shorten(registry)}' is not a host with an optional port.");
        }

        var isPlain = options.PlainHttp ?? (options.CaFile is null && IsLoopback(url.Host));
        return new RegistryEndpoint(isPlain ? new Uri($"http://{authority}/") : url, registry, isMirror, options.CaFile);
    }
}
