using System.Text.Json;

namespace Larder.Handlers.Contract;

/// <summary>What went wrong in a run.</summary>
/// <param name="Code">The family of the error.</param>
/// <param name="Message">One sentence, in the words of the handler's author where there are any.</param>
public sealed record HandlerError(HandlerErrorCode Code, string Message)
{
    /// <summary>The JavaScript stack, with lines of the handler's own source; null when there is none.</summary>
    public string? Stack { get; init; }

    /// <summary>Where in the handler's own source; null when no place in it is to blame.</summary>
    public SourceLocation? Location { get; init; }

    /// <summary>The lines around the location; null when there is none.</summary>
    public SourceSnippet? Snippet { get; init; }

    /// <summary>More about the error, as an object; null for nothing.</summary>
    public JsonElement? Context { get; init; }
}
