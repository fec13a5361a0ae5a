using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Sources;
using Larder.Tests.Oci.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Tests.Oci.Registry;

/// <summary>A registry on the loopback that does what a test wants: keeps the protocol, or breaks it in one way.</summary>
internal sealed class FakeRegistry : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestFolder _folder = new();
    private readonly ConcurrentDictionary<string, (byte[] Content, string Type)> _manifests = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> _blobs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _tokens = new(StringComparer.Ordinal);
    private int _tokenNumber;

    private FakeRegistry(WebApplication app) => _app = app;

    /// <summary>One request as it came.</summary>
    internal sealed record Seen(string Method, string Path, string? Authorization, string? Range, string? Form);

    public ConcurrentQueue<Seen> Requests { get; } = new();

    /// <summary>Host and port.</summary>
    public string Host => new Uri(_app.Urls.Single()).Authority;

    public string Url => _app.Urls.Single();

    /// <summary>Answers in place of the registry when it returns true.</summary>
    public Func<HttpContext, Task<bool>>? Interfere { get; set; }

    /// <summary>What is wanted: nothing, <c>basic</c> or <c>bearer</c>.</summary>
    public string? Scheme { get; set; }

    /// <summary>User and password that are let in, as <c>user:password</c>; null for everyone who asks.</summary>
    public string? Account { get; set; }

    /// <summary>The identity token that is exchanged; null for none.</summary>
    public string? IdentityToken { get; set; }

    /// <summary>What a token that is not known any more is answered with.</summary>
    public int StatusOfOldTokens { get; set; } = 401;

    public int TokenLifetimeSeconds { get; set; } = 300;

    /// <summary>Whether Range headers are ignored.</summary>
    public bool IgnoresRanges { get; set; }

    /// <summary>Changes bodies of blobs on their way out.</summary>
    public Func<byte[], byte[]>? Damage { get; set; }

    public int TokensGiven => Volatile.Read(ref _tokenNumber);

    public static async Task<FakeRegistry> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        var app = builder.Build();
        var registry = new FakeRegistry(app);
        app.Run(registry.HandleAsync);
        await app.StartAsync();
        return registry;
    }

    /// <summary>Adds an image of uncompressed layers.</summary>
    public async Task<Descriptor> AddAsync(
        string repository, string tag, IReadOnlyList<byte[]> layers, LayerForm form = LayerForm.Gzip, bool asIndex = false)
    {
        var directory = _folder[$"{Guid.NewGuid():N}"];
        var writer = await LayoutWriter.OpenAsync(directory);
        var manifest = await TestImages.AddAsync(writer, layers, form);
        var root = asIndex ? await writer.AddIndexAsync([manifest]) : manifest;
        foreach (var file in Directory.GetFiles(Path.Combine(directory, "blobs", "sha256")))
        {
            var content = await File.ReadAllBytesAsync(file);
            var digest = $"sha256:{Path.GetFileName(file)}";
            _blobs[digest] = content;
            if (digest == manifest.Digest.ToString() || digest == root.Digest.ToString())
            {
                var type = digest == root.Digest.ToString() ? root.MediaType : manifest.MediaType;
                _manifests[$"{repository}/{digest}"] = (content, type);
            }
        }

        _manifests[$"{repository}/{tag}"] = _manifests[$"{repository}/{root.Digest}"];
        return root;
    }

    /// <summary>Adds a manifest as it is.</summary>
    public void AddManifest(string repository, string tag, byte[] content, string type = MediaTypes.OciManifest) =>
        _manifests[$"{repository}/{tag}"] = (content, type);

    public byte[] Blob(OciDigest digest) => _blobs[digest.ToString()];

    /// <summary>Makes every token that was given useless.</summary>
    public void ForgetTokens() => _tokens.Clear();

    public int Count(string method, string part) =>
        Requests.Count(seen => seen.Method == method && seen.Path.Contains(part, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Answers with a status if it is to be so; for <see cref="Interfere"/>.</summary>
    public static Task<bool> RefuseAsync(HttpContext context, bool refuses, int status, string? retryAfter = null)
    {
        if (refuses)
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = retryAfter;
        }

        return Task.FromResult(refuses);
    }

    /// <summary>Sends the head of a body and a part of it, and cuts the connection.</summary>
    public static async Task CutAsync(HttpContext context, byte[] content, int after, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content.AsMemory(0, after));
        await context.Response.Body.FlushAsync();

        // What is in flight has to arrive, or the reset overtakes it.
        await Task.Delay(50);
        context.Abort();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        var path = request.Path.Value!;
        var form = request.HasFormContentType
            ? string.Join('&', (await request.ReadFormAsync()).Select(static pair => $"{pair.Key}={pair.Value}"))
            : null;
        Requests.Enqueue(new Seen(request.Method, path + request.QueryString, request.Headers.Authorization, request.Headers.Range, form));
        if (Interfere is { } interfere && await interfere(context))
        {
            return;
        }

        if (path == "/token")
        {
            await GiveTokenAsync(context, form);
        }
        else if (path.StartsWith("/storage/", StringComparison.Ordinal))
        {
            await SendAsync(context, _blobs[path["/storage/".Length..]]);
        }
        else if (MayEnter(context))
        {
            await ServeAsync(context, path);
        }
    }

    private bool MayEnter(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        if (Scheme is null)
        {
            return true;
        }

        if (Scheme == "basic")
        {
            if (authorization == Basic(Account!))
            {
                return true;
            }

            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"here\"";
            return false;
        }

        if (authorization.StartsWith("Bearer ", StringComparison.Ordinal) && _tokens.ContainsKey(authorization["Bearer ".Length..]))
        {
            return true;
        }

        context.Response.StatusCode = authorization.Length == 0 ? 401 : StatusOfOldTokens;
        if (context.Response.StatusCode == 401)
        {
            var repository = context.Request.Path.Value!.Split('/')[2];
            context.Response.Headers.WWWAuthenticate =
                $"Bearer realm=\"{Url}/token\",service=\"fake\",scope=\"repository:{repository}:pull\",error=\"invalid_token\"";
        }

        return false;
    }

    private async Task GiveTokenAsync(HttpContext context, string? form)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        var isLetIn = IdentityToken is not null
            ? form?.Contains($"refresh_token={IdentityToken}", StringComparison.Ordinal) == true
            : Account is null || authorization == Basic(Account);
        if (!isLetIn)
        {
            context.Response.StatusCode = 401;
            return;
        }

        var token = string.Create(CultureInfo.InvariantCulture, $"token-{Interlocked.Increment(ref _tokenNumber)}");
        _tokens[token] = true;
        var name = IdentityToken is null ? "token" : "access_token";
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(
            string.Create(CultureInfo.InvariantCulture, $"{{\"{name}\":\"{token}\",\"expires_in\":{TokenLifetimeSeconds}}}"));
    }

    private async Task ServeAsync(HttpContext context, string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var kind = parts is ["v2", .., "manifests" or "blobs", _] ? parts[^2] : string.Empty;
        var repository = string.Join('/', parts.Skip(1).SkipLast(2));
        if (kind == "manifests" && _manifests.TryGetValue($"{repository}/{parts[^1]}", out var manifest))
        {
            context.Response.ContentType = manifest.Type;
            context.Response.Headers["Docker-Content-Digest"] = OciDigest.Of(manifest.Content).ToString();
            context.Response.ContentLength = manifest.Content.Length;
            if (context.Request.Method == "GET")
            {
                await context.Response.Body.WriteAsync(manifest.Content);
            }
        }
        else if (kind == "blobs" && _blobs.TryGetValue(parts[^1], out var blob))
        {
            await SendAsync(context, blob);
        }
        else
        {
            context.Response.StatusCode = 404;
            await context.Response.WriteAsync("""{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}""");
        }
    }

    private async Task SendAsync(HttpContext context, byte[] content)
    {
        var body = Damage?.Invoke(content) ?? content;
        var range = context.Request.GetTypedHeaders().Range?.Ranges.Single();
        if (range is null || IgnoresRanges)
        {
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
            return;
        }

        var from = (int)range.From!.Value;
        var to = (int)Math.Min(range.To ?? body.Length - 1, body.Length - 1);
        context.Response.StatusCode = 206;
        context.Response.ContentLength = to - from + 1;
        context.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to}/{body.Length}");
        await context.Response.Body.WriteAsync(body.AsMemory(from, to - from + 1));
    }

    private static string Basic(string account) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(account));
}
