using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.EndToEnd.Images.Harness;

/// <summary>Stands in front of a registry: writes down what it is asked for, and refuses what a test wants refused.</summary>
internal sealed class RegistryProxy : IAsyncDisposable
{
    private static readonly string[] Forwarded = ["Accept", "Authorization", "Range"];
    private static readonly string[] Returned =
        ["Content-Type", "Content-Range", "Docker-Content-Digest", "WWW-Authenticate", "Accept-Ranges", "Docker-Distribution-Api-Version", "ETag"];

    private readonly WebApplication _application;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly string _registry;

    private RegistryProxy(WebApplication application, string registry) => (_application, _registry) = (application, registry);

    /// <summary>Host and port, as in references.</summary>
    public string Host => new Uri(_application.Urls.First()).Authority;

    /// <summary>Method and path of every request, in the order in which they came.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The paths that are answered with 503.</summary>
    public Func<string, bool> Refuses { get; set; } = static _ => false;

    /// <summary>Requests for blobs so far.</summary>
    public int Blobs => Requests.Count(static request => request.Contains("/blobs/", StringComparison.Ordinal));

    /// <summary>Starts one.</summary>
    /// <param name="registry">Host and port of the registry.</param>
    public static async Task<RegistryProxy> StartAsync(string registry)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var application = builder.Build();
        var proxy = new RegistryProxy(application, registry);
        application.Run(proxy.AnswerAsync);
        await application.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _client.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path + context.Request.QueryString;
        Requests.Enqueue($"{context.Request.Method} {path}");
        if (Refuses(path))
        {
            context.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), $"http://{_registry}{path}");
        foreach (var name in Forwarded)
        {
            if (context.Request.Headers.TryGetValue(name, out var value))
            {
                request.Headers.TryAddWithoutValidation(name, value.ToArray());
            }
        }

        using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (Returned.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                context.Response.Headers[name] = values.ToArray();
            }
        }

        context.Response.ContentLength = answer.Content.Headers.ContentLength;
        if (context.Request.Method != "HEAD")
        {
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
    }
}
