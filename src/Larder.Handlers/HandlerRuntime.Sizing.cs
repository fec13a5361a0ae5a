using Larder.Cache.Sizing;

namespace Larder.Handlers;

/// <content>What another amount of memory for compiled handlers would bring.</content>
public sealed partial class HandlerRuntime
{
    /// <summary>
    /// The curve of the lookups of compiled handlers in memory so far; null when
    /// <see cref="HandlerRuntimeOptions.Compiler"/> does not have them watched.
    /// </summary>
    public TierCurves? GetCurves() => _compiler.GetCurves();

    /// <summary>Forgets what the curve was made of.</summary>
    public void ResetCurves() => _compiler.ResetCurves();
}
