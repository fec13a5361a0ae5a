using System.Collections.Immutable;
using Larder.Indexer;
using Larder.Indexer.Blocks;

namespace Larder.Node.Indexing;

/// <summary>Where the blocks of an index come from.</summary>
public sealed record IndexSource
{
    /// <summary>Files, or one directory, in full; none when a node is asked.</summary>
    public ImmutableArray<string> Paths { get; init; } = [];

    /// <summary>The JSON-RPC of a node, without user and password; null when files are read.</summary>
    public Uri? Node { get; init; }

    /// <summary>Name to log in with at the node; null for none.</summary>
    public string? User { get; init; }

    /// <summary>File of the node's cookie; null for none.</summary>
    public string? CookieFile { get; init; }

    /// <summary>Height of the first block; null where the source says it, or 0.</summary>
    public uint? StartHeight { get; init; }

    /// <summary>Whether blocks of files must follow one another. Those of a node always do.</summary>
    public bool IsLinked { get; init; }

    /// <summary>
    /// Reads the short form: the URL of a node, which may have a user and a password in it, or a path.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="password">The password of the URL; null when it has none.</param>
    public static IndexSource Parse(string text, out string? password)
    {
        ArgumentNullException.ThrowIfNull(text);
        password = null;
        if (!text.Contains("://", StringComparison.Ordinal))
        {
            return new IndexSource { Paths = [Path.GetFullPath(text)] };
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            throw new IndexerException(IndexerErrorKind.Configuration, "The address of a node is an http or https URL.");
        }

        var login = url.UserInfo.Split(':', 2);
        password = login.Length == 2 ? Uri.UnescapeDataString(login[1]) : null;
        return new IndexSource
        {
            Node = new UriBuilder(url) { UserName = "", Password = "" }.Uri,
            User = login[0].Length > 0 ? Uri.UnescapeDataString(login[0]) : null,
        };
    }

    /// <summary>Opens it.</summary>
    /// <param name="options">How blocks are read.</param>
    /// <param name="password">Password at the node.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IndexerException">It cannot be used.</exception>
    public IBlockSource Open(BlockSourceOptions options, string? password, CancellationToken cancellationToken) => Node is { } node
        ? new NodeBlockSource(
            new ChainNodeOptions { Address = node, User = password is null ? null : User ?? "", Password = password, CookieFile = CookieFile }, options)
        : BlockSources.Open(Paths, options, areNumbersHeights: StartHeight is null, cancellationToken);

    /// <summary>What it is, in words.</summary>
    public override string ToString() => Node?.ToString() ?? string.Join(", ", Paths);
}
