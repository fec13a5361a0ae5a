using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace Larder.Wasm.Execution;

/// <summary>Carries an exception of a host function through guest code, where it must not be taken for a trap.</summary>
[SuppressMessage("Design", "CA1064:Exceptions should be public", Justification = "It never leaves the engine: the border throws its cause.")]
internal sealed class HostException(Exception cause) : Exception(cause.Message, cause)
{
    /// <summary>The exception with its own stack.</summary>
    public ExceptionDispatchInfo Cause { get; } = ExceptionDispatchInfo.Capture(cause);
}
