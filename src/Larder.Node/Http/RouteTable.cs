using System.Collections.Immutable;

namespace Larder.Node.Http;

/// <summary>
/// Finds the endpoint of a path. A handful of lines tried in order beats any cleverness: the first match wins, and what
/// nothing matches goes to the last endpoint, which decides by the end of the path.
/// </summary>
internal sealed class RouteTable
{
    private readonly ImmutableArray<Route> _routes;
    private readonly IEndpoint _otherwise;

    public RouteTable(IEnumerable<Route> routes, IEndpoint otherwise)
    {
        _routes = [.. routes];
        _otherwise = otherwise;
    }

    /// <summary>Every endpoint once.</summary>
    public IEnumerable<IEndpoint> Endpoints => _routes.Select(static route => route.Endpoint).Append(_otherwise).Distinct();

    /// <summary>The endpoint that answers for <paramref name="path"/>.</summary>
    public IEndpoint Find(string path)
    {
        foreach (var route in _routes)
        {
            if (route.Matches(path))
            {
                return route.Endpoint;
            }
        }

        return _otherwise;
    }
}
