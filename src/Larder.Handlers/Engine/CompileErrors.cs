using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;
using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>Turns what waits in an engine after a failed compilation into an error of the handler.</summary>
internal static class CompileErrors
{
    /// <summary>The exception of the parser.</summary>
    public static HandlerError Read(QuickJsInstance engine, SourceMap map)
    {
        var (name, message, location) = ReadException(engine, map);
        if (name == "SyntaxError" && location == map.End)
        {
            // The parser met the text behind the source.
            message = "The handler ends too early: something in it is not closed.";
        }

        return name switch
        {
            "InternalError" when message == "out of memory" =>
                new HandlerError(HandlerErrorCode.InvalidHandler, "The handler is too large to be compiled."),
            "SyntaxError" => new HandlerError(HandlerErrorCode.CompilationError, message) { Location = location },
            _ => new HandlerError(HandlerErrorCode.CompilationError, $"{name}: {message}") { Location = location },
        };
    }

    /// <summary>The probe was refused, and so the source is more than a body.</summary>
    public static HandlerError NotABody(QuickJsInstance engine, SourceMap map)
    {
        var (_, _, location) = ReadException(engine, map);
        return new HandlerError(
            HandlerErrorCode.CompilationError,
            "The handler is not the body of a function: it closes a bracket that it has not opened.") { Location = location };
    }

    /// <summary>The compiler was stopped.</summary>
    public static HandlerError Stopped(Trap trap) => trap.Kind switch
    {
        TrapKind.Interrupted => new HandlerError(HandlerErrorCode.Timeout, "The handler takes too long to compile."),
        TrapKind.StackOverflow => new HandlerError(HandlerErrorCode.CompilationError, "The handler is nested too deeply to be compiled."),
        _ => new HandlerError(HandlerErrorCode.WasmError, $"The compiler failed: {trap.Message}."),
    };

    private static (string Name, string Message, SourceLocation? Location) ReadException(QuickJsInstance engine, SourceMap map)
    {
        var error = engine.TakeException();
        var name = engine.ToText(engine.Property(error, "name")) ?? "Error";
        var message = engine.ToText(engine.Property(error, "message")) ?? "";
        var stack = engine.ToText(engine.Property(error, "stack")) ?? "";
        return (name, message, HandlerStack.Parse(stack, map).Location);
    }
}
