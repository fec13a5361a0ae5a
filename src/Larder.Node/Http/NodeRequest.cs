using Larder.Node.Security;
using Larder.Node.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Larder.Node.Http;

/// <summary>
/// One request on its way through an endpoint. One object serves all requests of a connection, one after another, so
/// nothing may keep it after <see cref="IEndpoint.HandleAsync"/> has ended.
/// </summary>
internal sealed class NodeRequest
{
    private readonly DefaultHttpContext _context = new();

    // The number of the lookup, times four, plus its phase: 1 under way, 2 back in time, 3 expired.
    private long _lookup;

    // The connection that the object serves; null when the server got it from elsewhere.
    private LoopConnection? _connection;

    public NodeRequest(NodeServices services) => Services = services;

    /// <summary>What the node has for its endpoints.</summary>
    public NodeServices Services { get; }

    /// <summary>The request and response as ASP.NET Core knows them.</summary>
    public HttpContext Http => _context;

    /// <summary>The method.</summary>
    public RequestMethod Method { get; private set; }

    /// <summary>The checked path, beginning with a slash; empty until the server has looked at it.</summary>
    public string Path { get; set; } = string.Empty;

    /// <summary>Who answers; null until the route is known.</summary>
    public IEndpoint? Endpoint { get; set; }

    /// <summary>Time stamp of the start, from the node's clock.</summary>
    public long StartedAt { get; private set; }

    /// <summary>Whether the answer has no body because the request is a HEAD.</summary>
    public bool IsHead => Method == RequestMethod.Head;

    /// <summary>Whether the request may change nothing.</summary>
    public bool IsRead => (Method & (RequestMethod.Get | RequestMethod.Head)) != 0;

    /// <summary>Whether the answer was sent by the watch, so that nobody else may touch it.</summary>
    public bool IsExpired => (Volatile.Read(ref _lookup) & 3) == 3;

    /// <summary>What the answer is written to, when it can send parts of files itself; else null.</summary>
    public SocketOutput? Output => _connection?.Output;

    /// <summary>
    /// To be awaited before anything that may wait, for a disk or for anybody else: goes on on a thread that may.
    /// Completes at once when the caller is on such a thread.
    /// </summary>
    public ValueTask LeaveLoopAsync() => _connection?.LeaveLoopAsync() ?? default;

    /// <summary>Begins a lookup that the watch may answer in its stead; returns its generation.</summary>
    public long BeginLookup()
    {
        var generation = (_lookup >> 2) + 1;
        Volatile.Write(ref _lookup, (generation << 2) | 1);
        return generation;
    }

    /// <summary>Ends a lookup; false when the watch has answered.</summary>
    public bool EndLookup(long generation) => TryMove(generation, 2);

    /// <summary>Takes the answer away from a lookup that is still under way; false when it has ended.</summary>
    public bool TryExpire(long generation) => TryMove(generation, 3);

    /// <summary>Makes the object ready for the next request of its connection.</summary>
    public void Begin(IFeatureCollection features)
    {
        _context.Initialize(features);
        _connection ??= features.Get<LoopConnection>();
        Method = ParseMethod(_context.Request.Method);
        Path = string.Empty;
        Endpoint = null;
        _lookup &= ~3L;
        StartedAt = Services.Clock.GetTimestamp();
    }

    /// <summary>Lets go of the request.</summary>
    public void End()
    {
        _context.Uninitialize();
        _connection?.ReturnToLoop();
    }

    /// <summary>
    /// Whether the sender may do this. When not, the answer (401 or 403) is already prepared and the endpoint returns.
    /// </summary>
    public bool Authorize(string space, AccessRights needed)
    {
        switch (Services.Guard.Decide(_context.Request, space, needed))
        {
            case AccessDecision.Allowed:
                return true;
            case AccessDecision.Unknown:
                _context.Response.Headers.WWWAuthenticate = "Basic realm=\"larder\", Bearer realm=\"larder\"";
                Answer.Empty(this, StatusCodes.Status401Unauthorized);
                return false;
            default:
                Answer.Empty(this, StatusCodes.Status403Forbidden);
                return false;
        }
    }

    /// <summary>Whether the method is one of <paramref name="allowed"/>; when not, 405 is already prepared.</summary>
    public bool Allow(RequestMethod allowed)
    {
        if ((Method & allowed) != 0)
        {
            return true;
        }

        _context.Response.Headers.Allow = string.Join(", ", Names(allowed));
        Answer.Empty(this, StatusCodes.Status405MethodNotAllowed);
        return false;
    }

    private bool TryMove(long generation, int phase)
    {
        var underWay = (generation << 2) | 1;
        return Interlocked.CompareExchange(ref _lookup, (generation << 2) | (long)phase, underWay) == underWay;
    }

    private static IEnumerable<string> Names(RequestMethod methods) =>
        from method in (RequestMethod[])[RequestMethod.Get, RequestMethod.Head, RequestMethod.Put, RequestMethod.Post, RequestMethod.Delete]
        where methods.HasFlag(method)
        select method.ToString().ToUpperInvariant();

    private static RequestMethod ParseMethod(string method) => method switch
    {
        "GET" => RequestMethod.Get,
        "HEAD" => RequestMethod.Head,
        "PUT" => RequestMethod.Put,
        "POST" => RequestMethod.Post,
        "DELETE" => RequestMethod.Delete,
        _ => RequestMethod.Other,
    };
}
