using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;
using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>
/// Compiles handlers in an engine that does nothing else and is put back to its image after each. The same source gives the
/// same bytecode every time. For one thread at a time.
/// </summary>
internal sealed class QuickJsCompiler : IDisposable
{
    private readonly QuickJsInstance _engine;
    private readonly QuickJsImage _image;

    /// <summary>Starts an engine.</summary>
    /// <exception cref="HandlersException">The module is not the one that is needed.</exception>
    public QuickJsCompiler(CompiledModule module)
    {
        _engine = new QuickJsInstance(module, QuickJsLimits.Compiler, QuickJsIntrinsics.Compiler);
        _image = _engine.TakeImage();
    }

    /// <summary>Compiles a handler.</summary>
    /// <param name="source">The function body as UTF-8.</param>
    /// <param name="map">The map of the source.</param>
    /// <param name="timeout">How long it may take.</param>
    public CompiledScript Compile(ReadOnlySpan<byte> source, SourceMap map, TimeSpan timeout)
    {
        using var deadline = _engine.Store.Deadline(timeout);
        try
        {
            var bytecode = _engine.Compile(HandlerScript.For(source), HandlerScript.FileName);
            if (bytecode is null)
            {
                var error = CompileErrors.Read(_engine, map);
                return new CompiledScript(null, error.Location is null ? error with { Location = FindPlace(source, map) } : error);
            }

            _engine.Restore(_image);
            return _engine.Compile(HandlerScript.ProbeFor(source), HandlerScript.FileName) is null
                ? new CompiledScript(null, CompileErrors.NotABody(_engine, map))
                : new CompiledScript(bytecode, null);
        }
        catch (GuestTrapException exception)
        {
            return new CompiledScript(null, CompileErrors.Stopped(exception.Trap));
        }
        catch (GuestMemoryException)
        {
            return new CompiledScript(null, new HandlerError(HandlerErrorCode.InvalidHandler, "The handler is too large to be compiled."));
        }
        finally
        {
            _engine.Restore(_image);
        }
    }

    // The engine does not say where a regular expression is wrong. The shortest beginning of the source that is wrong in the
    // same way ends with the expression; one byte less is an expression without an end, and the engine says where it begins.
    private SourceLocation? FindPlace(ReadOnlySpan<byte> source, SourceMap map)
    {
        var (right, wrong) = (0, source.Length);
        while (wrong - right > 1)
        {
            var middle = right + ((wrong - right) / 2);
            _engine.Restore(_image);
            if (_engine.Compile(HandlerScript.For(source[..middle]), HandlerScript.FileName) is null
                && CompileErrors.Read(_engine, map).Location is null)
            {
                wrong = middle;
            }
            else
            {
                right = middle;
            }
        }

        _engine.Restore(_image);
        return _engine.Compile(HandlerScript.For(source[..right]), HandlerScript.FileName) is null
            ? CompileErrors.Read(_engine, map).Location
            : null;
    }

    /// <summary>Compiles a script that is no handler, such as the prelude.</summary>
    /// <exception cref="InvalidOperationException">It does not compile.</exception>
    public byte[] CompileScript(ReadOnlySpan<byte> source, string fileName)
    {
        try
        {
            return _engine.Compile(source, fileName)
                ?? throw new InvalidOperationException($"{fileName}: {_engine.ToText(_engine.TakeException())}");
        }
        finally
        {
            _engine.Restore(_image);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _image.Dispose();
        _engine.Dispose();
    }
}
