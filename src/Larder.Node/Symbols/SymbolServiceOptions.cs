using System.Collections.Immutable;
using Larder.Symbols.Caching;

namespace Larder.Node.Symbols;

/// <summary>What a node does with symbols of modules.</summary>
public sealed record SymbolServiceOptions
{
    /// <summary>Whether <c>/v1/symbols</c> answers. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// The folders whose modules clients may have loaded, with those below. Links in them are followed. The installed framework
    /// may always be loaded. Default none.
    /// </summary>
    public ImmutableArray<string> Folders { get; init; } = [];

    /// <summary>Most memory of the four caches, in bytes. Default 64 MiB.</summary>
    public long MemoryBytes { get; init; } = new SymbolCacheOptions().MemoryLimitBytes;

    /// <summary>Most modules that may be loaded. Default 10,000.</summary>
    public int MaxModules { get; init; } = 10_000;
}
