namespace Larder.Node.Http;

/// <summary>One line of the route table.</summary>
/// <param name="Prefix">A path, or the beginning of paths when it ends with a slash.</param>
/// <param name="Endpoint">Who answers.</param>
internal readonly record struct Route(string Prefix, IEndpoint Endpoint)
{
    /// <summary>Whether the path is the prefix itself or, when that ends with a slash, lies below it.</summary>
    public bool Matches(string path) =>
        Prefix.EndsWith('/') && Prefix.Length > 1
            ? path.StartsWith(Prefix, StringComparison.Ordinal)
            : string.Equals(path, Prefix, StringComparison.Ordinal);
}
