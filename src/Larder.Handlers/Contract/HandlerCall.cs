namespace Larder.Handlers.Contract;

/// <summary>One call of a batch.</summary>
/// <param name="Source">The handler: the body of a JavaScript function.</param>
/// <param name="Context">What it sees of the world.</param>
/// <param name="Limits">What it may use; null for the limits of the runtime.</param>
public sealed record HandlerCall(string Source, HandlerContext Context, ExecutionLimits? Limits = null);
