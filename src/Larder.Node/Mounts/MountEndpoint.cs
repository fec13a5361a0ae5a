using System.Text.Json;
using Larder.Node.Handlers;
using Larder.Node.Http;
using Larder.Node.Maintenance;
using Larder.Node.Security;
using Larder.Oci.References;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Mounts;

/// <summary><c>/v1/mounts</c>: mounts of container images. docs/HTTP-mounts.md has requests and answers.</summary>
internal sealed class MountEndpoint(MountService mounts) : IEndpoint
{
    public const string Path = "/v1/mounts";

    private const long MaxReadDeadlineSeconds = 24 * 60 * 60;

    public string Name => "mounts";

    public Task HandleAsync(NodeRequest request) => ApiAnswer.RunAsync(request, AnswerAsync);

    private async Task AnswerAsync(NodeRequest request)
    {
        ApiAnswer.Allow(request, RequestMethod.Get | RequestMethod.Head | RequestMethod.Post | RequestMethod.Delete);
        ApiAnswer.Authorize(request, "admin", request.IsRead ? AccessRights.Read : AccessRights.Write);

        // Looks at files, and mounting takes as long as a registry likes.
        await request.LeaveLoopAsync().ConfigureAwait(false);
        await (request.Method switch
        {
            RequestMethod.Post => AddAsync(request),
            RequestMethod.Delete => RemoveAsync(request),
            _ => ListAsync(request),
        }).ConfigureAwait(false);
    }

    private Task ListAsync(NodeRequest request)
    {
        Understand(new QueryText(request));
        var report = mounts.Report();
        return ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => JsonSerializer.Serialize(writer, report, MountJson.Default.MountsReport));
    }

    private async Task AddAsync(NodeRequest request)
    {
        Understand(new QueryText(request));
        var body = await ApiAnswer.ReadObjectAsync(request).ConfigureAwait(false);
        var options = JsonFields.Object(body, "options", "options");
        options = options.ValueKind == JsonValueKind.Undefined ? ApiAnswer.ParseObject("{}"u8) : options;
        var order = new MountOrder
        {
            Reference = Reference(JsonFields.RequiredText(body, "reference")),
            Path = JsonFields.RequiredText(body, "path"),
            Platform = Platform(JsonFields.Text(body, "platform")),
            Passthrough = JsonFields.Truth(options, "passthrough") ?? true,
            Record = JsonFields.Text(options, "record"),
            ReadDeadline = TimeSpan.FromSeconds(JsonFields.Number(options, "readDeadlineSeconds", 1, MaxReadDeadlineSeconds) ?? 300),
        };
        var report = await mounts.AddAsync(order).ConfigureAwait(false);
        await ApiAnswer.JsonAsync(request, StatusCodes.Status201Created, writer => JsonSerializer.Serialize(writer, report, MountJson.Default.MountReport))
            .ConfigureAwait(false);
    }

    private async Task RemoveAsync(NodeRequest request)
    {
        var text = new QueryText(request);
        var path = text.Text("path");
        var lazily = text.Switch("lazy");
        Understand(text);
        if (path is not { Length: > 0 })
        {
            throw ApiException.BadRequest("'path' is missing: it must say which mount is to end.");
        }

        await mounts.RemoveAsync(path, lazily, request.Http.RequestAborted).ConfigureAwait(false);
        Answer.Empty(request, StatusCodes.Status204NoContent);
    }

    // A layout is a directory of this machine, and what the node's own directory is, is nobody's business.
    private static string Reference(string text)
    {
        if (!ImageReference.TryParse(text, out var reference))
        {
            throw ApiException.BadRequest("'reference' must be an image, such as debian:12 or oci:/srv/images:app.");
        }

        return !reference.IsLayout || System.IO.Path.IsPathRooted(reference.Repository)
            ? reference.ToString()
            : throw ApiException.BadRequest("'reference' must name the directory of a layout in full, such as oci:/srv/images:app.");
    }

    private static string? Platform(string? text)
    {
        try
        {
            return text is null ? null : ImagePlatform.Parse(text).ToString();
        }
        catch (Oci.OciException exception)
        {
            throw ApiException.BadRequest($"'platform' is wrong: {exception.Message}");
        }
    }

    private static void Understand(QueryText text)
    {
        if (!text.IsUnderstood())
        {
            throw ApiException.BadRequest(text.Problem!); // Not null: not understood.
        }
    }
}
