using System.Collections.Immutable;

namespace Larder.Handlers.Compilation;

/// <summary>
/// What the compiler did since it started. Lookups are requests for a handler by its source; runs are counted elsewhere.
/// <c>Lookups = Hits + Misses</c> and <c>Hits = MemoryHits + DiskHits + RemoteHits</c>.
/// </summary>
public sealed record HandlerCompilerStatistics
{
    /// <summary>Compiled handlers in memory now.</summary>
    public long Entries { get; init; }

    /// <summary>Bytes that they take.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Most bytes that they may take.</summary>
    public long CapacityBytes { get; init; }

    /// <summary>Requests for handlers.</summary>
    public long Lookups => Hits + Misses;

    /// <summary>Requests that a cache answered.</summary>
    public long Hits => MemoryHits + DiskHits + RemoteHits;

    /// <summary>Requests that memory answered.</summary>
    public long MemoryHits { get; init; }

    /// <summary>Requests that the disk tier answered.</summary>
    public long DiskHits { get; init; }

    /// <summary>Requests that the remote tier answered.</summary>
    public long RemoteHits { get; init; }

    /// <summary>Requests that no cache answered: compiled, waited for someone else's compiling, or an error.</summary>
    public long Misses { get; init; }

    /// <summary>Times that the compiler ran.</summary>
    public long Compilations { get; init; }

    /// <summary>Times that it found the source wrong, or gave up.</summary>
    public long FailedCompilations { get; init; }

    /// <summary>Misses that a remembered error answered.</summary>
    public long RememberedErrors { get; init; }

    /// <summary>Time that compiling took in all.</summary>
    public TimeSpan CompilationTime { get; init; }

    /// <summary>Handlers that left memory to make room.</summary>
    public long Evictions { get; init; }

    /// <summary>Compiled handlers that callers gave.</summary>
    public long Given { get; init; }

    /// <summary>Compiled handlers that were not used, from caches and callers, by what was wrong with them.</summary>
    public ImmutableSortedDictionary<ArtifactFault, long> Faults { get; init; } =
        ImmutableSortedDictionary<ArtifactFault, long>.Empty;

    /// <summary>Hits through lookups, 0 to 1; 0 before the first lookup.</summary>
    public double HitRate => Lookups == 0 ? 0 : (double)Hits / Lookups;
}
