using Larder.Handlers.Engine;
using Larder.Wasm;

namespace Larder.Handlers.Execution;

/// <summary>
/// What all instances of a runtime begin as: an engine in which the prelude has run. Immutable; thread safe.
/// </summary>
internal sealed partial class HandlerEngine : IDisposable
{
    private readonly QuickJsLimits _limits;

    /// <summary>Starts an engine, runs the prelude in it and takes an image.</summary>
    /// <param name="module">The engine's module.</param>
    /// <param name="prelude">The prelude's bytecode, of <see cref="PreludeLoader"/>.</param>
    /// <param name="limits">What each instance may use.</param>
    /// <param name="timeNeedsGrant">Whether reading the time needs a capability.</param>
    /// <exception cref="HandlersException">The module is not the one that is needed.</exception>
    public HandlerEngine(CompiledModule module, ReadOnlySpan<byte> prelude, QuickJsLimits limits, bool timeNeedsGrant)
    {
        _limits = limits;
        using var engine = new QuickJsInstance(module, limits, QuickJsIntrinsics.Handler);
        var host = engine.NewHostFunction();
        var begin = Checked(engine, engine.Load(prelude));
        var functions = Checked(engine, engine.Call(begin, host, JsValue.FromBoolean(timeNeedsGrant)));
        Describe = Checked(engine, engine.Property(functions, "describe"));
        Settle = Checked(engine, engine.Property(functions, "settle"));
        engine.FreeValue(functions);
        engine.FreeValue(begin);
        engine.FreeValue(host);
        Image = engine.TakeImage();
    }

    /// <summary>The image.</summary>
    public QuickJsImage Image { get; }

    /// <summary>The prelude's function that describes what was thrown.</summary>
    public JsValue Describe { get; }

    /// <summary>The prelude's function that answers a call of an extension.</summary>
    public JsValue Settle { get; }

    /// <summary>Makes an instance.</summary>
    public HandlerInstance Create() => new(this, new QuickJsInstance(Image, _limits));

    /// <inheritdoc/>
    public void Dispose() => Image.Dispose();

    private static JsValue Checked(QuickJsInstance engine, JsValue value) => value.IsException
        ? throw new InvalidOperationException($"The prelude failed: {engine.ToText(engine.TakeException())}")
        : value;
}
