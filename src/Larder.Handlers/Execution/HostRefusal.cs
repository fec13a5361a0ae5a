using System.Diagnostics.CodeAnalysis;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Execution;

/// <summary>A host function refuses a call. Thrown and caught within the host's side of the call; the handler sees an error.</summary>
[SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "It never leaves a host function.")]
internal sealed class HostRefusal(HandlerErrorCode code, string message) : Exception(message)
{
    /// <summary>The code that the handler sees, and the result if the handler does not catch it.</summary>
    public HandlerErrorCode Code { get; } = code;
}
