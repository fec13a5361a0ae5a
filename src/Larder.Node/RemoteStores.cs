using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Larder.Cache.Redis;
using Larder.Cache.Remote;

namespace Larder.Node;

/// <summary>The store that a node shares with others, by the scheme of its address.</summary>
internal static class RemoteStores
{
    private static readonly Dictionary<string, Func<NodeOptions, Uri, IRemoteStore>> Schemes = new(StringComparer.Ordinal)
    {
        ["http"] = OpenHttp,
        ["https"] = OpenHttp,
        ["redis"] = OpenRedis,
        ["rediss"] = OpenRedis,
        ["redis+unix"] = OpenRedis,
    };

    /// <summary>Whether there is a store for the address.</summary>
    public static bool Knows(Uri address) => Schemes.ContainsKey(address.Scheme);

    /// <summary>Opens the store of the address. Nothing is sent yet.</summary>
    /// <exception cref="NodeException">The certificates cannot be read.</exception>
    /// <exception cref="Cache.CacheException">The store does not take the options.</exception>
    public static IRemoteStore Open(NodeOptions options, Uri address) => Schemes[address.Scheme](options, address);

    private static HttpRemoteStore OpenHttp(NodeOptions options, Uri address) => new(new HttpRemoteStoreOptions
    {
        Address = address,
        BearerToken = options.UpstreamToken,
        FirstByteTimeout = options.UpstreamTimeout,
        TrustedRoots = ReadCertificates(options),
    });

    private static RedisRemoteStore OpenRedis(NodeOptions options, Uri address) => new(new RedisRemoteStoreOptions
    {
        Address = address,
        MoreAddresses = [.. options.UpstreamNodes.Select(node => new Uri($"{address.Scheme}://{node}"))],
        Password = options.UpstreamToken,
        KeyPrefix = options.UpstreamPrefix,
        TimeToLive = options.UpstreamTtl > TimeSpan.Zero ? options.UpstreamTtl : null,
        ReplyTimeout = options.UpstreamTimeout,
        TrustedRoots = ReadCertificates(options),
    });

    private static X509Certificate2Collection? ReadCertificates(NodeOptions options)
    {
        if (options.UpstreamCertificates is not { } file)
        {
            return null;
        }

        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new NodeException(NodeErrorKind.Configuration, $"upstream.certificates cannot be read from {file}: {exception.Message}");
        }

        return certificates.Count > 0
            ? certificates
            : throw new NodeException(NodeErrorKind.Configuration, $"upstream.certificates: {file} holds no certificate.");
    }
}
