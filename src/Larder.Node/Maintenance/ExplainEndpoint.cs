using System.Text.Json;
using Larder.Cache.Fingerprints;
using Larder.Node.Http;
using Larder.Node.Protocols;
using Larder.Node.Security;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Maintenance;

/// <summary>
/// <c>POST /v1/explain</c>: takes a recipe as JSON and tells which of its components differ from the nearest earlier one.
/// </summary>
internal sealed class ExplainEndpoint : IEndpoint
{
    public const string Path = "/v1/explain";

    // JSON escapes and base64 take more room than the recipe's own encoding.
    private const int MaxBodyBytes = 8 * Recipe.MaxEncodedBytes;

    public string Name => "explain";

    public async Task HandleAsync(NodeRequest request)
    {
        if (!request.Allow(RequestMethod.Post) || !BlobUpload.Accept(request, MaxBodyBytes))
        {
            return;
        }

        var body = await Document.ReadAsync(request, MaxBodyBytes).ConfigureAwait(false);
        if (body is null)
        {
            BlobUpload.Refuse(request, StatusCodes.Status413PayloadTooLarge);
            return;
        }

        if (!TryRead(body, out var recipe, out var problem))
        {
            await Answer.ErrorAsync(request, StatusCodes.Status400BadRequest, problem).ConfigureAwait(false);
            return;
        }

        if (request.Authorize(ArtifactEndpoint.SpaceOf(recipe.Kind), AccessRights.Read))
        {
            await Answer.JsonAsync(
                request,
                StatusCodes.Status200OK,
                request.Services.Store.Cache.Explain(recipe),
                NodeJson.Default.MissExplanation).ConfigureAwait(false);
        }
    }

    private static bool TryRead(
        byte[] body,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Recipe? recipe,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? problem)
    {
        recipe = null;
        problem = "The body must be a recipe as JSON.";
        try
        {
            recipe = JsonSerializer.Deserialize(body, NodeJson.Default.Recipe);
            return recipe is not null;
        }
        catch (JsonException exception)
        {
            problem = $"The body must be a recipe as JSON: {exception.Message}";
            return false;
        }
    }
}
