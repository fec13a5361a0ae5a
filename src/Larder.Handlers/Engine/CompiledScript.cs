using System.Diagnostics.CodeAnalysis;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Engine;

/// <summary>What came of compiling a handler: its bytecode, or why there is none.</summary>
/// <param name="Bytecode">The bytecode; null after an error.</param>
/// <param name="Error">What is wrong, with its place in the source but no snippet; null when there is bytecode.</param>
internal sealed record CompiledScript(byte[]? Bytecode, HandlerError? Error)
{
    /// <summary>Whether there is bytecode.</summary>
    [MemberNotNullWhen(true, nameof(Bytecode))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsCompiled => Bytecode is not null;
}
