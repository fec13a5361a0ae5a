using System.Diagnostics.CodeAnalysis;

namespace Larder.Wasm.Runtime;

/// <summary>Unwinds guest code from a trap to the host's call, which turns it into a <see cref="Trap"/>.</summary>
[SuppressMessage(
    "Design",
    "CA1064:Exceptions should be public",
    Justification = "It never leaves the engine: the border turns it into a trap.")]
internal sealed class TrapException : Exception
{
    /// <summary>The exception of this trap.</summary>
    internal TrapException(TrapKind kind)
    {
        Kind = kind;
    }

    /// <summary>What happened.</summary>
    internal TrapKind Kind { get; }
}
