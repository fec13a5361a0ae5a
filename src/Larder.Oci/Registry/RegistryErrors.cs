using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Larder.Oci.Registry;

/// <summary>Turns what a registry refuses into a sentence that says what to do.</summary>
internal static class RegistryErrors
{
    private const int MaxBodyBytes = 64 * 1024;

    /// <summary>The failure that an answer stands for.</summary>
    public static async ValueTask<OciException> OfAsync(
        RegistryAnswer answer, RegistryRequest request, bool hadCredentials, TimeProvider time, CancellationToken cancellationToken)
    {
        var endpoint = answer.Endpoint;
        var status = answer.Message.StatusCode;
        var detail = await DetailAsync(answer.Message, cancellationToken).ConfigureAwait(false);
        var said = detail.Length == 0 ? string.Empty : $" ({detail})";
        var what = request.Kind == "manifests" ? $"{request.Repository}:{request.Target}" : $"blob {request.Target} of {request.Repository}";
        return status switch
        {
            // The other server's own right to read has run out; the registry gives a new one.
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden when answer.IsForeign => new OciException(
                OciErrorKind.Unavailable, $"{endpoint} redirected to a server that does not give {what}{said}.") { IsTransient = true },
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => hadCredentials
                ? RegistryAuthorizer.NotLetIn(endpoint, request.Repository, detail)
                : RegistryAuthorizer.NoCredentials(endpoint, request.Repository),
            HttpStatusCode.NotFound or HttpStatusCode.Gone => new OciException(
                OciErrorKind.NotFound, $"{endpoint} has no {what}{said}; check repository and tag."),
            HttpStatusCode.TooManyRequests => new OciException(
                OciErrorKind.Unavailable, $"{endpoint} turns requests away because there were too many{said}; log in for a higher limit, or try later.")
            {
                IsTransient = true,
                RetryAfter = RetryAfter(answer.Message, time),
            },
            HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError => new OciException(
                OciErrorKind.Unavailable, string.Create(CultureInfo.InvariantCulture, $"{endpoint} answers {(int)status} for {what}{said}."))
            {
                IsTransient = status != HttpStatusCode.NotImplemented,
                RetryAfter = RetryAfter(answer.Message, time),
            },
            _ => new OciException(
                OciErrorKind.Protocol,
                string.Create(CultureInfo.InvariantCulture, $"{endpoint} answers {(int)status} for {what}{said}; is it a registry?")),
        };
    }

    /// <summary>How long a server asks to be left alone; null when it does not say.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage answer, TimeProvider time)
    {
        var wait = answer.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait > TimeSpan.Zero ? wait : null;
    }

    private static async ValueTask<string> DetailAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(TimeSpan.FromSeconds(2));
            var body = await BoundedBody.ReadAsync(answer.Content, MaxBodyBytes, patience.Token).ConfigureAwait(false);
            var error = body is null or { Length: 0 }
                ? null
                : JsonSerializer.Deserialize(body, RegistryJson.Default.ErrorAnswer)?.Errors?.FirstOrDefault();
            return Printable.Shorten(string.Join(": ", new[] { error?.Code, error?.Message }.Where(static part => !string.IsNullOrEmpty(part))));
        }
        catch (Exception exception) when (exception is JsonException or OciException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The status says enough.
            return string.Empty;
        }
    }
}
