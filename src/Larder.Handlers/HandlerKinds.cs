using System.Collections.Immutable;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Handlers.Compilation;
using Larder.Handlers.Engine;

namespace Larder.Handlers;

/// <summary>How a cache has to treat what handlers keep in it.</summary>
public static class HandlerKinds
{
    private const long MaxHandlerBytes = 64L * 1024 * 1024;
    private const long MaxModuleBytes = 256L * 1024 * 1024;

    /// <summary>Compiled handlers.</summary>
    public static ArtifactKind Handler => HandlerCompiler.Kind;

    /// <summary>The compiled JavaScript engine.</summary>
    public static ArtifactKind EngineModule => EngineModuleLoader.Kind;

    /// <summary>The JavaScript engine after its start.</summary>
    public static ArtifactKind EngineImage => EngineModuleLoader.ImageKind;

    /// <summary>Which handlers to bring into memory at the start.</summary>
    public static ArtifactKind WarmSet => Compilation.WarmSet.Kind;

    /// <summary>
    /// The configured kinds, with those of handlers set beside them. Handlers are kept decoded in memory of their own, so
    /// the memory tier leaves them out where there is a disk tier; the compiled engine is code and never comes from, or
    /// goes to, a remote tier.
    /// </summary>
    /// <param name="configured">Kinds by name, as in <see cref="CacheOptions.Kinds"/>.</param>
    /// <param name="hasDisk">Whether the cache has a disk tier.</param>
    public static ImmutableSortedDictionary<string, KindOptions> Complete(
        ImmutableSortedDictionary<string, KindOptions> configured, bool hasDisk = true)
    {
        ArgumentNullException.ThrowIfNull(configured);
        var handler = configured.GetValueOrDefault(Handler.Name, new KindOptions { MaxEntryBytes = MaxHandlerBytes });
        var module = configured.GetValueOrDefault(EngineModule.Name, new KindOptions { MaxEntryBytes = MaxModuleBytes });
        return configured
            .SetItem(Handler.Name, handler with { Memory = !hasDisk })
            .SetItem(EngineModule.Name, module with { Memory = false, Remote = false })
            .SetItem(EngineImage.Name, module with { Memory = false, Remote = false })
            .SetItem(WarmSet.Name, new KindOptions { Memory = false, Remote = false });
    }
}
