using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Tests.Remote;

/// <summary>
/// A web server over a dictionary that takes GET with ranges, HEAD, PUT and DELETE. As a plain one it keeps bodies and
/// nothing else; as a node it keeps the Larder headers too.
/// </summary>
internal sealed class WebStore : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebStore(WebApplication app) => _app = app;

    public ConcurrentDictionary<string, (byte[] Body, Dictionary<string, string> Headers)> Entries { get; } =
        new(StringComparer.Ordinal);

    public Uri Address => new(_app.Urls.Single() + "/base");

    /// <summary>Whether Range headers are ignored, as simple servers do.</summary>
    public bool IgnoresRanges { get; set; }

    /// <summary>Changes the answer to a GET; null when it does not.</summary>
    public Func<byte[], byte[]>? Damage { get; set; }

    public string? Authorization { get; private set; }

    public int Requests { get; private set; }

    public static async Task<WebStore> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(o => o.Limits.MaxRequestBodySize = null);
        var app = builder.Build();
        var store = new WebStore(app);
        app.Run(store.HandleAsync);
        await app.StartAsync();
        return store;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        Requests++;
        Authorization = context.Request.Headers.Authorization;
        var path = context.Request.Path.Value!;
        switch (context.Request.Method)
        {
            case "PUT":
                await PutAsync(context, path);
                break;
            case "DELETE":
                context.Response.StatusCode = Entries.TryRemove(path, out _) ? 204 : 404;
                break;
            default:
                await GetAsync(context, path);
                break;
        }
    }

    private async Task PutAsync(HttpContext context, string path)
    {
        if (context.Request.Headers.IfNoneMatch == "*" && Entries.ContainsKey(path))
        {
            context.Response.StatusCode = 412;
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var headers = context.Request.Headers
            .Where(h => h.Key.StartsWith("Larder-", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(h => h.Key, h => h.Value.ToString());
        Entries[path] = (body.ToArray(), headers);
        context.Response.StatusCode = 201;
    }

    private async Task GetAsync(HttpContext context, string path)
    {
        if (!Entries.TryGetValue(path, out var entry))
        {
            context.Response.StatusCode = 404;
            return;
        }

        var body = Damage is null ? entry.Body : Damage([.. entry.Body]);
        foreach (var (name, value) in entry.Headers)
        {
            context.Response.Headers[name] = value;
        }

        context.Response.Headers.ETag = "\"1\"";
        var (from, length) = (0L, (long)body.Length);
        if (!IgnoresRanges && context.Request.GetTypedHeaders().Range?.Ranges.Single() is { } range)
        {
            from = range.From!.Value;
            length = Math.Min(body.Length, range.To!.Value + 1) - from;
            if (length <= 0)
            {
                context.Response.StatusCode = 416;
                return;
            }

            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{from + length - 1}/{body.Length}";
        }

        context.Response.ContentLength = length;
        if (context.Request.Method == "GET")
        {
            await context.Response.Body.WriteAsync(body.AsMemory((int)from, (int)length), context.RequestAborted);
        }
    }
}
