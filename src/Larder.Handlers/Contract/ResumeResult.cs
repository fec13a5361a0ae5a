using System.Text.Json;

namespace Larder.Handlers.Contract;

/// <summary>How the extension call ended that a suspended handler waits for.</summary>
/// <param name="Success">Whether it succeeded; otherwise the handler sees an exception, which it may catch.</param>
/// <param name="Value">What the call gave; undefined for nothing.</param>
/// <param name="Error">The message of the exception; null when the call succeeded.</param>
public readonly record struct ResumeResult(bool Success, JsonElement Value, string? Error)
{
    /// <summary>The call gave a value.</summary>
    public static ResumeResult Of(JsonElement value) => new(true, value, null);

    /// <summary>The call failed.</summary>
    public static ResumeResult Failed(string message) => new(false, default, message);
}
