using System.Net;
using Larder.Cli.Commands;
using Larder.Node;

namespace Larder.Cli.Stores;

/// <summary>Finds the store that a command line names.</summary>
internal static class StoreOpener
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    public static async Task<IArtifactStore> OpenAsync(StoreAddress address, Terminal terminal, CancellationToken cancellationToken)
    {
        if (address.Data is not null)
        {
            return await DirectoryStore.OpenAsync(address.Data, NodeKinds.DefaultOf, cancellationToken).ConfigureAwait(false);
        }

        return OpenNode(address, terminal);
    }

    /// <summary>The node that a command line names, or the configuration.</summary>
    public static NodeStore OpenNode(StoreAddress address, Terminal terminal)
    {
        var node = address.Node is { } given ? ParseNode(given) : Configured(terminal, address.ConfigurationFile);
        return new NodeStore(node, address.Token, ConnectTimeout);
    }

    // Where 'larder serve' would listen with the same configuration; an address of every interface is reached by loopback.
    private static Uri Configured(Terminal terminal, string? file)
    {
        var listen = SettingOptions.Load(terminal, file, new Dictionary<string, string>()).Options.Listen;
        var host = listen.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : listen.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : listen.Address;
        return new Uri($"http://{new IPEndPoint(host, listen.Port)}/");
    }

    /// <summary>Reads a node's address; <c>host:port</c> means HTTP.</summary>
    internal static Uri ParseNode(string text)
    {
        var full = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
        return Uri.TryCreate(full.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw CommandException.Usage($"'{text}' is not the address of a node; write it like http://127.0.0.1:7070.");
    }
}
