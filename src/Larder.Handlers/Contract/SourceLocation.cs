namespace Larder.Handlers.Contract;

/// <summary>A place in a handler's own source.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 code units.</param>
public readonly record struct SourceLocation(int Line, int Column);
