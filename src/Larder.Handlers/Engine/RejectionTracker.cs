namespace Larder.Handlers.Engine;

/// <summary>Hears of promises that are rejected while nobody waits for them, and of those somebody waits for after all.</summary>
/// <param name="caller">The instance.</param>
/// <param name="promise">The promise; it stays the engine's.</param>
/// <param name="reason">Why it was rejected; it stays the engine's.</param>
/// <param name="isHandled">Whether somebody has begun to wait.</param>
internal delegate void RejectionTracker(QuickJsInstance caller, JsValue promise, JsValue reason, bool isHandled);
