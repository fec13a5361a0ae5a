namespace Larder.Handlers.Engine;

/// <summary>What the host does when JavaScript calls its one function.</summary>
/// <param name="caller">The instance that calls.</param>
/// <param name="arguments">The arguments, which stay the caller's.</param>
/// <returns>
/// A value that the caller owns from now on; <see cref="JsValue.Exception"/> after <see cref="QuickJsInstance.Throw"/>.
/// </returns>
internal delegate JsValue HostFunction(QuickJsInstance caller, ReadOnlySpan<JsValue> arguments);
