using Larder.Handlers.Engine;

namespace Larder.Handlers.Execution;

/// <summary>
/// A pooled engine: as it began, or with one handler loaded, or in the middle of a run. For one thread at a time.
/// </summary>
internal sealed class HandlerInstance : IDisposable
{
    private readonly HandlerEngine _home;

    // The image that the engine was put back to, and whether anything was done with it since.
    private QuickJsImage? _present;
    private bool _isUsed;

    /// <summary>Wraps an engine that was made from the image of <paramref name="home"/>.</summary>
    public HandlerInstance(HandlerEngine home, QuickJsInstance engine)
    {
        _home = home;
        Engine = engine;
        engine.OnCall = (_, arguments) => Run is { } run ? run.Answer(arguments) : JsValue.Undefined;
        engine.OnRejection = (_, promise, reason, isHandled) => Run?.TrackRejection(promise, reason, isHandled);
    }

    /// <summary>The engine.</summary>
    public QuickJsInstance Engine { get; }

    /// <summary>The handler that is loaded; null for none.</summary>
    public LoadedHandler? Handler { get; private set; }

    /// <summary>The function of the handler that is loaded.</summary>
    public JsValue Function { get; private set; }

    /// <summary>The prelude's functions.</summary>
    public HandlerEngine Home => _home;

    /// <summary>The run that uses the instance; null between runs.</summary>
    public HandlerRun? Run { get; set; }

    /// <summary>Bytes that the instance holds.</summary>
    public long MemoryBytes => Engine.MemoryBytes;

    /// <summary>
    /// Leaves nothing of the last use: the instance is what it was when <paramref name="wanted"/>, or else its own handler, or
    /// else none, was loaded.
    /// </summary>
    /// <returns>The handler that is loaded now; null for none.</returns>
    public LoadedHandler? Reset(LoadedHandler? wanted)
    {
        Run = null;
        Engine.ClearInterrupt();

        // Whatever is known of its last use: here nothing is taken for granted.
        _isUsed = true;
        if (!TryRestore(wanted) && !TryRestore(Handler))
        {
            RestoreTo(_home.Image);
            Handler = null;
            Function = default;
        }

        return Handler;
    }

    /// <summary>Loads a handler into an instance that was reset.</summary>
    /// <returns>False when it cannot be loaded; then an exception waits in the engine.</returns>
    /// <exception cref="GuestTrapException">The engine was stopped.</exception>
    public bool TryPrepare(LoadedHandler handler)
    {
        if ((Handler == handler && !_isUsed) || TryRestore(handler))
        {
            _isUsed = true;
            return true;
        }

        if (Handler is not null || _isUsed)
        {
            RestoreTo(_home.Image);
            Handler = null;
        }

        _isUsed = true;
        Engine.Fuel = long.MaxValue;
        var function = Engine.Load(handler.Code.Bytecode.Span);
        if (function.Tag != JsTag.Object)
        {
            return false;
        }

        Handler = handler;
        Function = function;
        if (handler.CountLoad())
        {
            handler.Keep(new HandlerImage(Engine.TakeImage(_home.Image), function));
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => Engine.Dispose();

    private void RestoreTo(QuickJsImage image)
    {
        Engine.Restore(image, _isUsed ? null : _present);
        _present = image;
        _isUsed = false;
    }

    private bool TryRestore(LoadedHandler? handler)
    {
        if (handler?.Image is not { } image)
        {
            return false;
        }

        try
        {
            RestoreTo(image.Engine);
        }
        catch (ObjectDisposedException)
        {
            // The image was dropped this very moment.
            return false;
        }

        Handler = handler;
        Function = image.Function;
        return true;
    }
}
