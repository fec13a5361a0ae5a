using System.Diagnostics.CodeAnalysis;
using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>The engine's code was stopped. Never leaves this project; a border turns it into a result.</summary>
[SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "It never leaves this project: a border turns it into a result.")]
internal sealed class GuestTrapException(Trap trap) : Exception(trap.Message)
{
    /// <summary>Why.</summary>
    public Trap Trap { get; } = trap;
}
