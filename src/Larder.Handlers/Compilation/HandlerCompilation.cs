using System.Diagnostics.CodeAnalysis;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Compilation;

/// <summary>The answer to a request for a compiled handler: the handler, or what is wrong with its source.</summary>
/// <param name="Handler">The handler; null when there is an error.</param>
/// <param name="Error">What is wrong; null when there is a handler.</param>
/// <param name="Origin">Where the handler came from.</param>
/// <param name="CompilationTime">Time that the compiler took; null when it did not run for this.</param>
internal readonly record struct HandlerCompilation(
    CompiledHandler? Handler, HandlerError? Error, HandlerOrigin Origin, TimeSpan? CompilationTime)
{
    /// <summary>Whether there is a handler.</summary>
    [MemberNotNullWhen(true, nameof(Handler))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Succeeded => Handler is not null;
}
