namespace Larder.Cli.Stores;

/// <summary>What a command line says about where to work.</summary>
/// <param name="Node">A node's address; null when not given.</param>
/// <param name="Data">A cache directory; null when not given.</param>
/// <param name="Token">The bearer token for a node; null for none.</param>
/// <param name="ConfigurationFile">The file that has the node's address; null for the default place.</param>
internal sealed record StoreAddress(string? Node, string? Data, string? Token, string? ConfigurationFile);
