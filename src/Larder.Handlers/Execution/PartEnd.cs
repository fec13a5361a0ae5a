using System.Text.Json;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Execution;

/// <summary>How a part of a run ended.</summary>
/// <param name="Value">What the handler returned; null for nothing.</param>
/// <param name="Error">What went wrong; null for nothing.</param>
/// <param name="IsSuspended">Whether it goes on later.</param>
internal readonly record struct PartEnd(JsonElement? Value, HandlerError? Error, bool IsSuspended)
{
    /// <summary>It goes on later.</summary>
    public static PartEnd Suspended { get; } = new(null, null, true);

    /// <summary>It failed.</summary>
    public static PartEnd Failed(HandlerError error) => new(null, error, false);
}
