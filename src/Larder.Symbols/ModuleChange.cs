namespace Larder.Symbols;

/// <summary>A module whose file changed.</summary>
/// <param name="Path">The file.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Problem">Why it is broken; null otherwise.</param>
public sealed record ModuleChange(string Path, ModuleChangeKind Kind, string? Problem = null);
