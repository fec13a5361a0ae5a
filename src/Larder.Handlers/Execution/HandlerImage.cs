using Larder.Handlers.Engine;

namespace Larder.Handlers.Execution;

/// <summary>An engine in which a handler is loaded.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Function">The handler's function in it.</param>
internal sealed record HandlerImage(QuickJsImage Engine, JsValue Function);
