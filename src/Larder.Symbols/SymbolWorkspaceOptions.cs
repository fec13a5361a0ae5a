using Larder.Symbols.Caching;

namespace Larder.Symbols;

/// <summary>How a <see cref="SymbolWorkspace"/> works.</summary>
public sealed record SymbolWorkspaceOptions
{
    /// <summary>The four caches.</summary>
    public SymbolCacheOptions Cache { get; init; } = new();

    /// <summary>Most modules that are read at a time. Default: one a processor, at most eight.</summary>
    public int LoadParallelism { get; init; } = Math.Min(8, Environment.ProcessorCount);

    /// <summary>Most modules that may be loaded. Default, and at most, 65,536.</summary>
    public int MaxModules { get; init; } = 64 * 1024;

    /// <summary>Memory of the indexes of documentation files and locations, in bytes. Default 16 MiB.</summary>
    public long DetailBytes { get; init; } = 16L * 1024 * 1024;

    internal void Validate()
    {
        if (LoadParallelism is < 1 or > 256 || MaxModules is < 1 or > 64 * 1024 || DetailBytes < 0)
        {
            throw new SymbolsException(
                SymbolsErrorKind.Configuration,
                "LoadParallelism must be from 1 to 256, MaxModules from 1 to 65536, and DetailBytes not negative.");
        }
    }
}
