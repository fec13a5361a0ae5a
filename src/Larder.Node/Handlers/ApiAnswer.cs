using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Larder.Handlers;
using Larder.Node.Http;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Handlers;

/// <summary>What the endpoints of handlers and panels share: credentials, other sites' pages, bodies, errors.</summary>
internal static class ApiAnswer
{
    // Values are data of handlers: deeper nesting than this is nobody's state.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Answers a request by <paramref name="handle"/>, and what goes wrong by the envelope.</summary>
    public static async Task RunAsync(NodeRequest request, Func<NodeRequest, Task> handle)
    {
        if (Greet(request))
        {
            return;
        }

        try
        {
            await handle(request).ConfigureAwait(false);
        }
        catch (ApiException exception)
        {
            await ErrorAsync(request, exception).ConfigureAwait(false);
        }
        catch (HandlersException exception)
        {
            await ErrorAsync(request, Translate(exception)).ConfigureAwait(false);
        }
    }

    /// <summary>Who sent the request, which has the rights; otherwise it ends with 401 or 403.</summary>
    /// <exception cref="ApiException">It has not.</exception>
    public static Caller Authorize(NodeRequest request, string space, AccessRights needed, bool mayUseQuery = false)
    {
        switch (request.Services.Guard.Decide(request.Http.Request, space, needed, mayUseQuery, out var caller))
        {
            case AccessDecision.Allowed:
                return caller;
            case AccessDecision.Unknown:
                request.Http.Response.Headers.WWWAuthenticate = "Bearer realm=\"larder\"";
                throw new ApiException(
                    StatusCodes.Status401Unauthorized, "UNAUTHORIZED", "This needs a token that the node knows and that has not expired.");
            default:
                throw new ApiException(StatusCodes.Status403Forbidden, "FORBIDDEN", "The sender may not do this here.");
        }
    }

    /// <summary>Ends the request with 405 unless the method is one of these.</summary>
    /// <exception cref="ApiException">It is not.</exception>
    public static void Allow(NodeRequest request, RequestMethod allowed)
    {
        if (!request.Allow(allowed))
        {
            throw new ApiException(
                StatusCodes.Status405MethodNotAllowed, "METHOD_NOT_ALLOWED", $"Only {request.Http.Response.Headers.Allow} is answered here.");
        }
    }

    /// <summary>The body, an object, which lives as long as anyone has it; an empty object for an empty body.</summary>
    /// <exception cref="ApiException">The body is too long or not an object.</exception>
    public static async ValueTask<JsonElement> ReadObjectAsync(NodeRequest request)
    {
        var limit = request.Services.Options.Handlers.BodyBytes;
        var body = request.Http.Request.ContentLength > limit ? null : await Document.ReadAsync(request, limit).ConfigureAwait(false);
        if (body is null)
        {
            // What is left of the body is not read.
            request.Http.Response.Headers.Connection = "close";
            throw new ApiException(
                StatusCodes.Status413PayloadTooLarge, "BODY_TOO_LARGE", $"The body is larger than {limit} bytes, the setting handlers.body.");
        }

        return ParseObject(body.Length == 0 ? "{}"u8 : body);
    }

    /// <summary>Reads an object.</summary>
    /// <exception cref="ApiException">It is not one.</exception>
    public static JsonElement ParseObject(ReadOnlySpan<byte> json)
    {
        try
        {
            var element = JsonElement.Parse(json, Strict);
            return !Utf8.IsValid(json) || HasHalfCharacter(json) ? throw new ApiException(400, "PARSE_ERROR", "The body has text that is not Unicode.")
                : element.ValueKind == JsonValueKind.Object ? element
                : throw new ApiException(400, "PARSE_ERROR", "The body must be one JSON object.");
        }
        catch (JsonException exception)
        {
            throw new ApiException(400, "PARSE_ERROR", $"The body is not JSON that is taken here: {exception.Message}");
        }
    }

    /// <summary>Makes JSON; <paramref name="write"/> writes one value.</summary>
    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            write(writer);
        }

        return buffer.WrittenMemory;
    }

    /// <summary>Answers with the JSON that <paramref name="write"/> writes.</summary>
    public static Task JsonAsync(NodeRequest request, int status, Action<Utf8JsonWriter> write)
    {
        request.Http.Response.Headers.CacheControl = "no-store";
        return Answer.BytesAsync(request, status, Write(write), "application/json; charset=utf-8");
    }

    /// <summary>Answers with the envelope <c>{"error":{"code","message","details"}}</c>.</summary>
    public static Task ErrorAsync(NodeRequest request, ApiException problem) => JsonAsync(request, problem.Status, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteString("code"u8, problem.Code);
        writer.WriteString("message"u8, problem.Message);
        if (problem.Details is { } details)
        {
            writer.WriteStartObject("details"u8);
            details(writer);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <summary>The status and code of what the runtime refuses.</summary>
    public static ApiException Translate(HandlersException exception) => exception.Kind switch
    {
        HandlersErrorKind.HandlerRejected => new ApiException(
            StatusCodes.Status400BadRequest,
            exception.Error is { } error ? ResultWriter.Name(error.Code) : "COMPILATION_ERROR",
            exception.Message)
        {
            Details = writer => ResultWriter.WriteErrorMembers(writer, exception.Error),
        },
        HandlersErrorKind.UnknownSuspension => ApiException.NotFound("SUSPENSION_NOT_FOUND", exception.Message),
        HandlersErrorKind.BadArtifact => new ApiException(StatusCodes.Status400BadRequest, "INVALID_HANDLER", exception.Message),
        _ => ApiException.Unavailable(exception.Message),
    };

    // JSON may escape half of a surrogate pair, and such a text can be neither compared nor passed on.
    private static bool HasHalfCharacter(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("\\u"u8) < 0)
        {
            return false;
        }

        var isHalf = false;
        for (var at = 0; at < json.Length; at++)
        {
            var unit = -1;
            if (json[at] == '\\' && ++at < json.Length && json[at] == 'u' && at + 4 < json.Length)
            {
                _ = Utf8Parser.TryParse(json.Slice(at + 1, 4), out unit, out _, 'X');
                at += 4;
            }

            var isLow = unit is >= 0xDC00 and <= 0xDFFF;
            if (isHalf != isLow)
            {
                return true;
            }

            isHalf = unit is >= 0xD800 and <= 0xDBFF;
        }

        return isHalf;
    }

    // Lets pages of named origins in; true when the request was no more than the question whether they are.
    private static bool Greet(NodeRequest request)
    {
        var http = request.Http;
        if (http.Request.Headers.Origin.Count == 0)
        {
            return false;
        }

        var headers = http.Response.Headers;
        headers.Vary = "Origin";
        if (!request.Services.Guard.IsAllowedOrigin(http.Request))
        {
            return false;
        }

        headers.AccessControlAllowOrigin = http.Request.Headers.Origin;
        headers.AccessControlExposeHeaders = "Location, Retry-After";
        if (!HttpMethods.IsOptions(http.Request.Method) || http.Request.Headers.AccessControlRequestMethod.Count == 0)
        {
            return false;
        }

        headers.AccessControlAllowMethods = "GET, HEAD, POST, DELETE";
        headers.AccessControlAllowHeaders = "authorization, content-type";
        headers.AccessControlMaxAge = "600";
        Answer.Empty(request, StatusCodes.Status204NoContent);
        return true;
    }
}
