using System.Text.Json;
using Larder.Handlers;
using Larder.Handlers.Contract;
using Larder.Node.Http;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Handlers;

/// <summary>
/// <c>/v1/handlers</c>: compiles and runs handlers for whoever brings the context and does something about the effects.
/// </summary>
internal sealed class HandlerEndpoint(HandlerService handlers) : IEndpoint
{
    public const string Path = "/v1/handlers";

    private const string Binary = "application/octet-stream";

    /// <summary>Every path that is answered here.</summary>
    public static readonly IReadOnlyList<string> Paths = [Path, Path + "/"];

    public string Name => "handlers";

    public Task HandleAsync(NodeRequest request) => ApiAnswer.RunAsync(request, AnswerAsync);

    private Task AnswerAsync(NodeRequest request) => request.Path switch
    {
        Path => request.Method == RequestMethod.Delete ? ClearAsync(request) : ListAsync(request),
        Path + "/stats" => StatisticsAsync(request),
        Path + "/run" => RunAsync(request),
        Path + "/compile" => CompileAsync(request),
        Path + "/run-compiled" => RunCompiledAsync(request),
        Path + "/resume" => ResumeAsync(request),
        Path + "/batch" => BatchAsync(request),
        Path + "/infer" => InferAsync(request),
        Path + "/warm" => WarmAsync(request),
        Path + "/clear" => ClearAsync(request),
        _ => throw ApiException.NotFound("NOT_FOUND", $"There is no {request.Path}; docs/HTTP.md lists the paths."),
    };

    private async Task RunAsync(NodeRequest request)
    {
        var (caller, body) = await BeginAsync(request, AccessRights.Execute).ConfigureAwait(false);
        if (JsonFields.Text(body, "key") is { } key)
        {
            await RunCompiledAsync(request, caller, body, await StoredHandler.ReadAsync(request, key).ConfigureAwait(false)).ConfigureAwait(false);
            return;
        }

        var call = Call(body, caller);
        var runtime = await handlers.GetAsync(request.Http.RequestAborted).ConfigureAwait(false);
        var result = await runtime.ExecuteAsync(call.Source, call.Context, call.Limits, request.Http.RequestAborted).ConfigureAwait(false);
        await ResultAsync(request, result).ConfigureAwait(false);
    }

    private async Task CompileAsync(NodeRequest request)
    {
        var (_, body) = await BeginAsync(request, AccessRights.Execute).ConfigureAwait(false);
        var source = JsonFields.RequiredText(body, "source");
        var runtime = await handlers.GetAsync(request.Http.RequestAborted).ConfigureAwait(false);
        var compiled = await runtime.PrecompileAsync(source, request.Http.RequestAborted).ConfigureAwait(false);
        if (request.Http.Request.Headers.Accept.ToString().Contains(Binary, StringComparison.OrdinalIgnoreCase))
        {
            request.Http.Response.Headers["Larder-Handler"] = compiled.Key;
            request.Http.Response.Headers.CacheControl = "no-store";
            await Answer.BytesAsync(request, StatusCodes.Status200OK, compiled.Artifact, Binary).ConfigureAwait(false);
            return;
        }

        await ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("key"u8, compiled.Key);
            writer.WriteString("origin"u8, ResultWriter.Name(compiled.Origin));
            writer.WriteBoolean("cacheHit"u8, compiled.Origin != HandlerOrigin.Compiled);
            if (compiled.CompilationTime is { } time)
            {
                writer.WriteNumber("compilationTimeUs"u8, ResultWriter.Micros(time));
            }

            writer.WriteNumber("bytes"u8, compiled.Artifact.Length);
            writer.WriteBase64String("artifact"u8, compiled.Artifact.Span);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private async Task RunCompiledAsync(NodeRequest request)
    {
        var (caller, body) = await BeginAsync(request, AccessRights.Execute).ConfigureAwait(false);
        if (JsonFields.Get(body, "artifact") is not { ValueKind: JsonValueKind.String } text || !text.TryGetBytesFromBase64(out var artifact))
        {
            throw ApiException.BadRequest("'artifact' must be what /v1/handlers/compile gave, in base64.");
        }

        await RunCompiledAsync(request, caller, body, artifact).ConfigureAwait(false);
    }

    private async Task RunCompiledAsync(NodeRequest request, Caller caller, JsonElement body, ReadOnlyMemory<byte> artifact)
    {
        var context = ContextReader.Read(body, caller);
        var limits = ContextReader.Limits(body, handlers.RuntimeOptions.Limits);
        var runtime = await handlers.GetAsync(request.Http.RequestAborted).ConfigureAwait(false);
        var result = await runtime.ExecuteCompiledAsync(artifact, context, limits, request.Http.RequestAborted).ConfigureAwait(false);
        await ResultAsync(request, result).ConfigureAwait(false);
    }

    private async Task ResumeAsync(NodeRequest request)
    {
        var (_, body) = await BeginAsync(request, AccessRights.Execute).ConfigureAwait(false);
        if (!Guid.TryParseExact(JsonFields.RequiredText(body, "suspensionId"), "D", out var suspension))
        {
            throw ApiException.BadRequest("'suspensionId' must be the one that a suspended run gave.");
        }

        var answer = JsonFields.Object(body, "result", "result");
        var resumption = ContextReader.Resumption(answer.ValueKind == JsonValueKind.Undefined ? body : answer);
        var runtime = await handlers.GetAsync(request.Http.RequestAborted).ConfigureAwait(false);
        var result = await runtime.ResumeAsync(suspension, resumption, request.Http.RequestAborted).ConfigureAwait(false);
        await ResultAsync(request, result).ConfigureAwait(false);
    }

    private async Task BatchAsync(NodeRequest request)
    {
        var (caller, body) = await BeginAsync(request, AccessRights.Execute).ConfigureAwait(false);
        var most = request.Services.Options.Handlers.BatchCalls;
        var parallelism = (int)(JsonFields.Number(body, "parallelism", 0, 1_000) ?? 0);
        var calls = new List<HandlerCall>();
        foreach (var call in JsonFields.Array(body, "calls"))
        {
            if (call.ValueKind != JsonValueKind.Object)
            {
                throw ApiException.BadRequest("'calls' must be an array of objects, each with a source and a context.");
            }

            if (calls.Count == most)
            {
                throw ApiException.BadRequest($"'calls' has more than {most} calls, the setting handlers.max-batch.");
            }

            calls.Add(Call(call, caller));
        }

        var runtime = await handlers.GetAsync(request.Http.RequestAborted).ConfigureAwait(false);
        var results = await runtime.ExecuteBatchAsync(calls, parallelism, request.Http.RequestAborted).ConfigureAwait(false);
        await ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("results"u8);
            foreach (var result in results)
            {
                ResultWriter.Write(writer, result);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static async Task InferAsync(NodeRequest request)
    {
        var (_, body) = await BeginAsync(request, AccessRights.Execute).ConfigureAwait(false);
        var capabilities = HandlerRuntime.InferCapabilities(JsonFields.RequiredText(body, "source"));
        await ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("capabilities"u8);
            foreach (var token in capabilities.Tokens)
            {
                writer.WriteStringValue(token);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private async Task WarmAsync(NodeRequest request)
    {
        var (_, body) = await BeginAsync(request, AccessRights.Write).ConfigureAwait(false);
        var sources = JsonFields.Texts(body, "sources") ?? throw ApiException.BadRequest("'sources' is missing: it must be an array of texts.");
        var runtime = await handlers.GetAsync(request.Http.RequestAborted).ConfigureAwait(false);
        var ready = await runtime.WarmAsync(sources, request.Http.RequestAborted).ConfigureAwait(false);
        await ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("handlers"u8, sources.Length);
            writer.WriteNumber("ready"u8, ready);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private async Task ClearAsync(NodeRequest request)
    {
        ApiAnswer.Allow(request, RequestMethod.Post | RequestMethod.Delete);
        ApiAnswer.Authorize(request, AccessGuard.HandlerSpace, AccessRights.Write);
        var runtime = await handlers.GetAsync(request.Http.RequestAborted).ConfigureAwait(false);
        await runtime.ClearAsync(request.Http.RequestAborted).ConfigureAwait(false);
        Answer.Empty(request, StatusCodes.Status204NoContent);
    }

    private Task ListAsync(NodeRequest request)
    {
        ApiAnswer.Allow(request, RequestMethod.Get | RequestMethod.Head);
        ApiAnswer.Authorize(request, AccessGuard.HandlerSpace, AccessRights.Read);
        var known = handlers.Current?.HandlerStatistics() ?? [];
        return ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => StatisticsWriter.WriteHandlers(writer, known));
    }

    private Task StatisticsAsync(NodeRequest request)
    {
        ApiAnswer.Allow(request, RequestMethod.Get | RequestMethod.Head);
        ApiAnswer.Authorize(request, AccessGuard.HandlerSpace, AccessRights.Read);
        var statistics = handlers.Current?.Statistics() ?? new();
        return ApiAnswer.JsonAsync(
            request, StatusCodes.Status200OK, writer => StatisticsWriter.Write(writer, handlers.State, handlers.Problem, statistics));
    }

    private HandlerCall Call(JsonElement json, Caller caller) => new(
        JsonFields.RequiredText(json, "source"),
        ContextReader.Read(json, caller),
        ContextReader.Limits(json, handlers.RuntimeOptions.Limits));

    private static async ValueTask<(Caller Caller, JsonElement Body)> BeginAsync(NodeRequest request, AccessRights needed)
    {
        ApiAnswer.Allow(request, RequestMethod.Post);
        var caller = ApiAnswer.Authorize(request, AccessGuard.HandlerSpace, needed);
        return (caller, await ApiAnswer.ReadObjectAsync(request).ConfigureAwait(false));
    }

    private static Task ResultAsync(NodeRequest request, HandlerResult result) =>
        ApiAnswer.JsonAsync(request, StatusCodes.Status200OK, writer => ResultWriter.Write(writer, result));
}
