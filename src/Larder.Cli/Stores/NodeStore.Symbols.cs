using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Larder.Cli.Stores;

/// <content>Symbols.</content>
internal sealed partial class NodeStore
{
    /// <summary>Asks for symbols.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">What comes after <c>/v1/symbols</c>.</param>
    /// <param name="body">An object; null for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">The node cannot be reached or refuses.</exception>
    public async Task<JsonElement> SymbolsAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken)
    {
        using var content = body is { } json ? new ReadOnlyMemoryContent(json) : null;
        content?.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await SendAsync(
            new HttpRequestMessage(method, "v1/symbols" + path) { Content = content }, cancellationToken).ConfigureAwait(false);
        await EnsureAsync(answer, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(answer, CliJson.Default.JsonElement, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Changes of the node's modules, as they happen.</summary>
    public async IAsyncEnumerable<JsonElement> SymbolChangesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, "v1/symbols/changes"), cancellationToken).ConfigureAwait(false);
        await EnsureAsync(answer, cancellationToken).ConfigureAwait(false);
        var body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var lines = new StreamReader(new AnswerStream(body, answer, Description));
        while (await lines.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.Length > 0)
            {
                yield return JsonElement.Parse(line);
            }
        }
    }
}
