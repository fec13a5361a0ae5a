using System.Net.Http.Headers;
using System.Text.Json;

namespace Larder.Cli.Stores;

/// <content>Handlers.</content>
internal sealed partial class NodeStore
{
    /// <summary>Asks for handlers; undefined for an answer without a body.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">What comes after <c>/v1/handlers</c>.</param>
    /// <param name="body">An object; null for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">The node cannot be reached or refuses.</exception>
    public async Task<JsonElement> HandlersAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        using var content = body is { } json ? new ReadOnlyMemoryContent(json) : null;
        content?.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await SendAsync(
            new HttpRequestMessage(method, "v1/handlers" + path) { Content = content }, cancellationToken).ConfigureAwait(false);
        await EnsureAsync(answer, cancellationToken).ConfigureAwait(false);
        return answer.StatusCode == System.Net.HttpStatusCode.NoContent
            ? default
            : await ReadAsync(answer, CliJson.Default.JsonElement, cancellationToken).ConfigureAwait(false);
    }
}
