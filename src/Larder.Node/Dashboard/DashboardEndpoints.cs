using System.Collections.Frozen;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Dashboard;

/// <summary>
/// Answers the page at <c>/</c> with its files under <c>/dashboard/</c>, and <c>/v1/stats</c>, <c>/v1/history</c>,
/// <c>/v1/events</c> and <c>/v1/live</c>.
/// </summary>
/// <remarks>
/// The page itself holds no figures and is served to anyone; whether a caller may see figures is decided by the host,
/// before this is asked, by <see cref="NeedsRights"/>. Safe for use by many threads.
/// </remarks>
internal sealed class DashboardEndpoints
{
    /// <summary>Live clients served at once by default; further ones are told to poll.</summary>
    public const int DefaultMaxLiveClients = 32;

    // Scripts, styles and data come from this origin and nothing else loads, runs, frames or submits.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

    private const int DefaultPoints = 300;
    private const int MaxPoints = 1000;
    private const int CompressFromBytes = 1400;

    private readonly StatisticsHistory _history;
    private readonly RecentEvents _events;
    private readonly LiveFeed _live;
    private readonly FrozenDictionary<string, DashboardAsset> _assets = DashboardAssets.Load();

    /// <summary>Makes the endpoints over a history and events that the host owns.</summary>
    public DashboardEndpoints(
        StatisticsHistory history,
        RecentEvents events,
        TimeProvider time,
        ILogger logger,
        int maxLiveClients = DefaultMaxLiveClients)
    {
        _history = history;
        _events = events;
        _live = new LiveFeed(history, maxLiveClients, time, logger);
    }

    /// <summary>Whether the path shows figures, so that a host that asks for tokens must ask for one.</summary>
    public static bool NeedsRights(PathString path) => path.StartsWithSegments("/v1", StringComparison.Ordinal);

    /// <summary>Answers the request if its path is one of the dashboard's; false when nothing was done.</summary>
    /// <param name="context">The request.</param>
    /// <param name="draining">Fires when the node stops taking new work; ends live feeds.</param>
    public async Task<bool> TryHandleAsync(HttpContext context, CancellationToken draining)
    {
        var path = context.Request.Path.Value ?? "/";
        if (_assets.TryGetValue(path, out var asset))
        {
            if (await RefuseMethodAsync(context).ConfigureAwait(false))
            {
                return true;
            }

            Protect(context.Response);
            await asset.SendAsync(context).ConfigureAwait(false);
            return true;
        }

        Func<HttpContext, CancellationToken, Task>? answer = path switch
        {
            "/v1/stats" => StatsAsync,
            "/v1/history" => HistoryAsync,
            "/v1/events" => EventsAsync,
            "/v1/live" => LiveAsync,
            _ => null,
        };
        if (answer is null)
        {
            return false;
        }

        if (!await RefuseMethodAsync(context).ConfigureAwait(false))
        {
            Protect(context.Response);
            await answer(context, draining).ConfigureAwait(false);
        }

        return true;
    }

    private static void Protect(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }

    private static async Task<bool> RefuseMethodAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            return false;
        }

        context.Response.Headers.Allow = "GET, HEAD";
        await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Only GET and HEAD are answered here.")
            .ConfigureAwait(false);
        return true;
    }

    private static Task RefuseAsync(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        return SendJsonAsync(context, new ProblemReport(sentence), DashboardJson.Default.ProblemReport);
    }

    private Task StatsAsync(HttpContext context, CancellationToken draining) =>
        SendJsonAsync(context, _history.Stats(), DashboardJson.Default.StatsReport);

    private Task HistoryAsync(HttpContext context, CancellationToken draining)
    {
        var query = context.Request.Query;
        if (!TryParseWindow(query["window"].ToString(), _history.LongestWindow, out var window))
        {
            return RefuseAsync(
                context,
                StatusCodes.Status400BadRequest,
                "The window is a number with s, m or h, such as 90s, 10m or 6h; the longest is "
                + $"{_history.LongestWindow.TotalHours.ToString("0.#", CultureInfo.InvariantCulture)}h.");
        }

        var points = DefaultPoints;
        if (query.TryGetValue("points", out var text)
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out points) || points is < 1 or > MaxPoints))
        {
            return RefuseAsync(context, StatusCodes.Status400BadRequest, $"The points are a number from 1 to {MaxPoints}.");
        }

        return SendJsonAsync(context, _history.History(window, points), DashboardJson.Default.HistoryReport);
    }

    private Task EventsAsync(HttpContext context, CancellationToken draining)
    {
        var after = 0L;
        if (context.Request.Query.TryGetValue("after", out var text)
            && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            return RefuseAsync(context, StatusCodes.Status400BadRequest, "'after' is the number of an event, from 0.");
        }

        return SendJsonAsync(context, _events.After(after), DashboardJson.Default.EventsReport);
    }

    private async Task LiveAsync(HttpContext context, CancellationToken draining)
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.ContentType = LiveFeed.ContentType;
            return;
        }

        if (draining.IsCancellationRequested || !await _live.TryServeAsync(context, draining).ConfigureAwait(false))
        {
            context.Response.Headers.RetryAfter = "5";
            await RefuseAsync(
                context,
                StatusCodes.Status503ServiceUnavailable,
                "No more live clients are served now; read /v1/stats from time to time instead.").ConfigureAwait(false);
        }
    }

    /// <summary>Reads <c>90s</c>, <c>10m</c> or <c>6h</c>; ten minutes when there is nothing to read.</summary>
    private static bool TryParseWindow(string text, TimeSpan longest, out TimeSpan window)
    {
        window = TimeSpan.FromMinutes(10);
        if (text.Length == 0)
        {
            return true;
        }

        if (!int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count is < 1 or > 1_000_000)
        {
            return false;
        }

        window = text[^1] switch
        {
            's' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            _ => TimeSpan.Zero,
        };
        return window > TimeSpan.Zero && window <= longest;
    }

    private static async Task SendJsonAsync<TReport>(HttpContext context, TReport report, JsonTypeInfo<TReport> type)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(report, type);
        var response = context.Response;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        if (body.Length >= CompressFromBytes
            && ContentCodings.Accepts(context.Request.Headers.AcceptEncoding.ToString(), "gzip"))
        {
            response.Headers.ContentEncoding = "gzip";
            body = Compress(body);
        }

        response.Headers.Vary = "Accept-Encoding";
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static byte[] Compress(byte[] plain)
    {
        using var target = new MemoryStream(plain.Length / 4);
        using (var compressor = new GZipStream(target, CompressionLevel.Fastest))
        {
            compressor.Write(plain);
        }

        return target.ToArray();
    }
}
