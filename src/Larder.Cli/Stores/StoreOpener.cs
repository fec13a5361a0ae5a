namespace Larder.Cli.Stores;

/// <summary>Finds the store that a command line names.</summary>
internal static class StoreOpener
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    public static async Task<IArtifactStore> OpenAsync(StoreAddress address, Terminal terminal, CancellationToken cancellationToken)
    {
        _ = terminal;
        await Task.CompletedTask.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new NodeStore(ParseNode(address.Node ?? "http://127.0.0.1:7070"), address.Token, ConnectTimeout);
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
