using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Larder.Cache.Redis.Connections;

/// <summary>One server: a host and port, or the path of a socket.</summary>
/// <param name="Host">Host name, address, or absolute path of a socket.</param>
/// <param name="Port">The port; 0 for a socket's path.</param>
internal sealed record RedisEndpoint(string Host, int Port)
{
    private const int DefaultPort = 6379;

    /// <summary>Where to connect to.</summary>
    public EndPoint Address => Port == 0
        ? new UnixDomainSocketEndPoint(Host)
        : IPAddress.TryParse(Host, out var address) ? new IPEndPoint(address, Port) : new DnsEndPoint(Host, Port);

    /// <summary>Takes the server from an address; false when it is no address of a server.</summary>
    public static bool TryParse(Uri? address, [NotNullWhen(true)] out RedisEndpoint? endpoint)
    {
        endpoint = null;
        if (address is not { IsAbsoluteUri: true, Query: "", Fragment: "" })
        {
            return false;
        }

        if (address.Scheme == "redis+unix")
        {
            var path = Uri.UnescapeDataString(address.AbsolutePath);
            endpoint = path.Length is > 1 and < 100 ? new RedisEndpoint(path, 0) : null;
        }
        else if (address.Scheme is "redis" or "rediss"
            && address.Host.Length > 0
            && TryParseDatabase(address, out _))
        {
            endpoint = new RedisEndpoint(address.IdnHost.Trim('[', ']'), address.Port > 0 ? address.Port : DefaultPort);
        }

        return endpoint is not null;
    }

    /// <summary>The number of the database that an address names; 0 when it names none.</summary>
    public static bool TryParseDatabase(Uri address, out int database)
    {
        database = 0;
        var path = address.AbsolutePath.Trim('/');
        return address.Scheme == "redis+unix"
            || path.Length == 0
            || int.TryParse(path, NumberStyles.None, CultureInfo.InvariantCulture, out database);
    }

    /// <summary>Takes a server as redirections name it, <c>host:port</c>; an empty host is that of <paramref name="asked"/>.</summary>
    public static bool TryParse(string text, RedisEndpoint asked, [NotNullWhen(true)] out RedisEndpoint? endpoint)
    {
        var colon = text.LastIndexOf(':');
        endpoint = colon >= 0
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= IPEndPoint.MaxPort
            && text.Length < 300
                ? new RedisEndpoint(colon == 0 ? asked.Host : text[..colon].Trim('[', ']'), port)
                : null;
        return endpoint is not null;
    }

    /// <summary>Returns <c>host:port</c> or the path.</summary>
    public override string ToString() => Port == 0
        ? Host
        : string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
