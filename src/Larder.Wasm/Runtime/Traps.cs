using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Larder.Wasm.Runtime;

/// <summary>Where helpers of generated code raise traps.</summary>
internal static class Traps
{
    /// <summary>
    /// Unwinds the guest with this trap. Never inlined, so that the code around a check holds nothing but a call.
    /// </summary>
    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Throw(TrapKind kind) => throw new TrapException(kind);
}
