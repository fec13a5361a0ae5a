using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Http;

/// <summary>The short answers that all endpoints share. None of them has a body on a HEAD.</summary>
internal static class Answer
{
    /// <summary>Prepares an answer of a status and no body.</summary>
    public static void Empty(NodeRequest request, int status)
    {
        var response = request.Http.Response;
        response.StatusCode = status;
        if (status is not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified))
        {
            response.ContentLength = 0;
        }
    }

    /// <summary>Prepares an answer of a status and no body, as a finished task.</summary>
    public static Task StatusAsync(NodeRequest request, int status)
    {
        Empty(request, status);
        return Task.CompletedTask;
    }

    /// <summary>Answers with text.</summary>
    public static Task TextAsync(NodeRequest request, int status, string text, string mediaType = "text/plain; charset=utf-8") =>
        BytesAsync(request, status, Encoding.UTF8.GetBytes(text), mediaType);

    /// <summary>Answers with one value as JSON.</summary>
    public static Task JsonAsync<TValue>(NodeRequest request, int status, TValue value, JsonTypeInfo<TValue> type) =>
        BytesAsync(request, status, JsonSerializer.SerializeToUtf8Bytes(value, type), "application/json");

    /// <summary>Answers with bytes that are at hand.</summary>
    public static async Task BytesAsync(NodeRequest request, int status, ReadOnlyMemory<byte> body, string mediaType)
    {
        var response = request.Http.Response;
        response.StatusCode = status;
        response.ContentType = mediaType;
        response.ContentLength = body.Length;
        if (!request.IsHead)
        {
            await response.BodyWriter.WriteAsync(body).ConfigureAwait(false);
        }
    }

    /// <summary>Answers an error with one sentence for people, as JSON: <c>{"error":"..."}</c>.</summary>
    public static Task ErrorAsync(NodeRequest request, int status, string sentence) =>
        JsonAsync(request, status, new ErrorBody(sentence), NodeJson.Default.ErrorBody);
}
