namespace Larder.Wasm;

/// <summary>
/// Thrown by a host function to trap the guest that called it: the call of the guest answers with a <see cref="Trap"/> of
/// this kind and message, with the guest's stack, as if an instruction had trapped.
/// </summary>
public sealed class HostTrapException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was wrong with the call; the message of the trap.</param>
    public HostTrapException(string message)
        : this(TrapKind.HostFault, message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="kind">The kind of the trap.</param>
    /// <param name="message">What was wrong with the call; the message of the trap.</param>
    public HostTrapException(TrapKind kind, string message)
        : base(message) => Kind = kind;

    /// <summary>The kind of the trap.</summary>
    public TrapKind Kind { get; }
}
