using Larder.Cache.Artifacts;
using Larder.Node.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Protocols;

/// <summary>Lists the artifacts of a kind, a page at a time.</summary>
internal static class ListingResponse
{
    public static Task HandleAsync(NodeRequest request, ArtifactKind kind) =>
        Answer.ErrorAsync(request, StatusCodes.Status501NotImplemented, $"Listing {kind} is not there yet.");
}
