using System.Text.Json;
using Larder.Cli.Stores;
using Larder.Handlers.Contract;

namespace Larder.Cli.Handlers;

/// <summary>The handlers of a node. Owns its connection.</summary>
internal sealed class RemoteHandlers(NodeStore node) : IAsyncDisposable
{
    /// <summary>Runs a handler, answers its suspensions as far as there are answers, and gives every result on the way.</summary>
    public async Task<List<JsonElement>> RunAsync(
        HandlerSource handler,
        JsonElement context,
        JsonElement limits,
        IReadOnlyList<ResumeResult> answers,
        CancellationToken cancellationToken)
    {
        var isCompiled = handler.Artifact is not null;
        var call = HandlerCallJson.Merge(
            default,
            isCompiled
                ? ("artifact", HandlerCallJson.Text(Convert.ToBase64String(handler.Artifact!.Value.Span))) // Not null: it is compiled.
                : ("source", HandlerCallJson.Text(handler.Text!)), // A source is one of the two.
            ("context", context),
            ("limits", limits));
        var results = new List<JsonElement>
        {
            await AskAsync(isCompiled ? "/run-compiled" : "/run", call, cancellationToken).ConfigureAwait(false),
        };
        foreach (var answer in answers)
        {
            if (!results[^1].TryGetProperty("suspension", out var suspension))
            {
                break;
            }

            var resumption = HandlerCallJson.Merge(
                default, ("suspensionId", suspension.GetProperty("suspensionId")), ("result", ToJson(answer)));
            results.Add(await AskAsync("/resume", resumption, cancellationToken).ConfigureAwait(false));
        }

        return results;
    }

    /// <summary>Sends an object and returns the answer.</summary>
    public Task<JsonElement> AskAsync(string path, JsonElement body, CancellationToken cancellationToken) =>
        node.HandlersAsync(HttpMethod.Post, path, HandlerCallJson.Write(writer => body.WriteTo(writer)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => node.DisposeAsync();

    private static JsonElement ToJson(ResumeResult answer) => JsonElement.Parse(HandlerCallJson.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteBoolean("success"u8, answer.Success);
        if (answer.Success)
        {
            writer.WritePropertyName("value"u8);
            answer.Value.WriteTo(writer);
        }
        else
        {
            writer.WriteString("error"u8, answer.Error);
        }

        writer.WriteEndObject();
    }).Span);
}
