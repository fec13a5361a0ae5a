using System.Text.Json;
using Larder.Node.Handlers;
using Larder.Node.Http;
using Larder.Node.Maintenance;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Indexing;

/// <summary><c>/v1/indexes</c>: figures of indexes by GET, their JSON-RPC by POST. docs/HTTP-indexes.md has both.</summary>
internal sealed class IndexEndpoint(IndexService indexes) : IEndpoint
{
    public const string Path = "/v1/indexes";

    /// <summary>Every path that is answered here.</summary>
    public static readonly IReadOnlyList<string> Paths = [Path, Path + "/"];

    public string Name => "indexes";

    public Task HandleAsync(NodeRequest request) => ApiAnswer.RunAsync(request, AnswerAsync);

    private async Task AnswerAsync(NodeRequest request)
    {
        var isList = request.Path == Path;
        ApiAnswer.Allow(request, isList ? RequestMethod.Get | RequestMethod.Head : RequestMethod.Get | RequestMethod.Head | RequestMethod.Post);
        Authorize(request);

        // Views take milliseconds at best.
        await request.LeaveLoopAsync().ConfigureAwait(false);
        if (isList)
        {
            Understand(new QueryText(request));
            await ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, WriteAll).ConfigureAwait(false);
            return;
        }

        var name = request.Path[(Path.Length + 1)..];
        var index = indexes.Find(name) ?? throw ApiException.NotFound("INDEX_NOT_FOUND", $"There is no index '{name}'; GET {Path} lists them.");
        Understand(new QueryText(request));
        await (request.IsRead
            ? ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => Write(writer, index))
            : CallAsync(request, index)).ConfigureAwait(false);
    }

    // Who may see the dashboard may see the figures on it.
    private static void Authorize(NodeRequest request)
    {
        var guard = request.Services.Guard;
        if (!request.IsRead || guard.Decide(request.Http.Request, "admin", AccessRights.Read, mayUseQuery: false, out _) != AccessDecision.Allowed)
        {
            ApiAnswer.Authorize(request, IndexServer.Space, AccessRights.Read);
        }
    }

    private static async Task CallAsync(NodeRequest request, HostedIndex index)
    {
        if (index.Rpc is not { } rpc)
        {
            throw ApiException.Unavailable($"The index '{index.Name}' is not open{(index.Failure is { } failure ? $": {failure}" : " yet.")}");
        }

        var limit = rpc.Options.MaxRequestBytes;
        var body = request.Http.Request.ContentLength > limit ? null : await Document.ReadAsync(request, limit).ConfigureAwait(false);
        if (body is null)
        {
            // What is left of the body is not read.
            request.Http.Response.Headers.Connection = "close";
            throw new ApiException(StatusCodes.Status413PayloadTooLarge, "BODY_TOO_LARGE", $"The request is larger than {limit} bytes.");
        }

        var answer = await rpc.AnswerAsync(body, request.Http.RequestAborted).ConfigureAwait(false);
        if (answer.IsEmpty)
        {
            Answer.Empty(request, StatusCodes.Status204NoContent);
            return;
        }

        request.Http.Response.Headers.CacheControl = "no-store";
        await Answer.BytesAsync(request, StatusCodes.Status200OK, answer, "application/json; charset=utf-8").ConfigureAwait(false);
    }

    private void WriteAll(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("indexes"u8);
        foreach (var index in indexes.All)
        {
            Write(writer, index);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, HostedIndex index)
    {
        if (index.Indexer is { } indexer)
        {
            IndexJson.Write(writer, index.Name, indexer, index.Source, index.State, index.Failure);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("name"u8, index.Name);
        writer.WriteString("state"u8, index.Failure is null ? "opening"u8 : "failed"u8);
        if (index.Failure is { } failure)
        {
            writer.WriteString("failure"u8, failure);
        }

        writer.WriteNull("tip"u8);
        writer.WriteEndObject();
    }

    private static void Understand(QueryText text)
    {
        if (!text.IsUnderstood())
        {
            throw ApiException.BadRequest(text.Problem!); // Not null: not understood.
        }
    }
}
