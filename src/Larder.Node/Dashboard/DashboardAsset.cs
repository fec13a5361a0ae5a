using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Larder.Node.Dashboard;

/// <summary>One file of the page with its compressed forms, made once at start. Immutable.</summary>
internal sealed class DashboardAsset
{
    private readonly byte[] _plain;
    private readonly byte[] _gzip;
    private readonly byte[] _brotli;
    private readonly string _digest;

    public DashboardAsset(string contentType, byte[] plain, byte[] gzip, byte[] brotli, string digest)
    {
        ContentType = contentType;
        _plain = plain;
        _gzip = gzip;
        _brotli = brotli;
        _digest = digest;
    }

    public string ContentType { get; }

    /// <summary>Sends the smallest form that the client takes, or 304 when it has that form already.</summary>
    public async Task SendAsync(HttpContext context)
    {
        var (encoding, body) = Choose(context.Request.Headers.AcceptEncoding.ToString());
        var tag = $"\"{_digest}{(encoding is null ? "" : "-" + encoding)}\"";
        var response = context.Response;
        response.Headers.ETag = tag;
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        response.Headers.CacheControl = "no-cache";
        if (Matches(context.Request.Headers.IfNoneMatch.ToString(), tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = ContentType;
        response.ContentLength = body.Length;
        if (encoding is not null)
        {
            response.Headers.ContentEncoding = encoding;
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private (string? Encoding, byte[] Body) Choose(string accepted)
    {
        if (_brotli.Length < _plain.Length && ContentCodings.Accepts(accepted, "br"))
        {
            return ("br", _brotli);
        }

        return _gzip.Length < _plain.Length && ContentCodings.Accepts(accepted, "gzip") ? ("gzip", _gzip) : (null, _plain);
    }

    private static bool Matches(string condition, string tag)
    {
        foreach (var part in condition.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var candidate = part.StartsWith("W/", StringComparison.Ordinal) ? part[2..] : part;
            if (candidate == "*" || candidate == tag)
            {
                return true;
            }
        }

        return false;
    }
}
