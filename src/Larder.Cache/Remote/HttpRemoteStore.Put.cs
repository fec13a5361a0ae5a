using System.Net;
using System.Net.Http.Headers;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

// Writing. The length is always announced, so that a server that only takes such bodies is content and a connection
// that breaks in mid-body can never leave a short artifact that looks whole.
public sealed partial class HttpRemoteStore
{
    /// <inheritdoc/>
    public async ValueTask<PutOutcome> PutAsync(
        ArtifactKey key, ArtifactMetadata metadata, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(content);
        var isLarder = _options.Flavour == HttpRemoteFlavour.Larder;
        var header = isLarder ? [] : RemoteFrame.Encode(key, metadata);
        using var body = new UploadBody(header, content, metadata.Length);
        using var answer = await SendAsync(
            HttpMethod.Put,
            key,
            body,
            request =>
            {
                request.Headers.ExpectContinue = body.Length >= _options.ExpectContinueBytes;
                if (isLarder)
                {
                    // A node verifies what it holds, so the very same bytes need not come again. A plain server may hold
                    // damaged ones, which this put repairs.
                    request.Headers.IfNoneMatch.Add(new EntityTagHeaderValue($"\"{metadata.Digest}\""));
                    LarderHeaders.Write(request.Headers, metadata);
                }
            },
            cancellationToken).ConfigureAwait(false);
        return answer.StatusCode switch
        {
            // A node says with this status that it has read the body and dropped it.
            HttpStatusCode.Accepted when isLarder => PutOutcome.NotAdmitted,
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => PutOutcome.Stored,
            HttpStatusCode.PreconditionFailed => PutOutcome.AlreadyPresent,
            HttpStatusCode.RequestEntityTooLarge => PutOutcome.TooLarge,
            HttpStatusCode.InsufficientStorage => PutOutcome.NoSpace,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed => PutOutcome.Disabled,
            HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity when isLarder => PutOutcome.DigestMismatch,
            _ => throw Refused(answer, "PUT", key),
        };
    }
}
