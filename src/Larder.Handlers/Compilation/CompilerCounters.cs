using System.Collections.Immutable;
using Larder.Handlers.Contract;

namespace Larder.Handlers.Compilation;

/// <summary>What a compiler counts. Exact; reading is not a consistent cut.</summary>
internal sealed class CompilerCounters
{
    private readonly long[] _faults = new long[Enum.GetValues<ArtifactFault>().Length];
    private long _memoryHits;
    private long _diskHits;
    private long _remoteHits;
    private long _misses;
    private long _rememberedErrors;
    private long _compilations;
    private long _failedCompilations;
    private long _compilationTicks;
    private long _given;

    public void MemoryHit() => Interlocked.Increment(ref _memoryHits);

    public void Miss() => Interlocked.Increment(ref _misses);

    public void Given() => Interlocked.Increment(ref _given);

    public void Fault(ArtifactFault fault) => Interlocked.Increment(ref _faults[(int)fault]);

    /// <summary>Counts a lookup by what answered it.</summary>
    public void Answer(HandlerOrigin origin)
    {
        switch (origin)
        {
            case HandlerOrigin.Memory:
                MemoryHit();
                break;
            case HandlerOrigin.Disk:
                Interlocked.Increment(ref _diskHits);
                break;
            case HandlerOrigin.Remote:
                Interlocked.Increment(ref _remoteHits);
                break;
            default:
                Miss();
                break;
        }
    }

    public void RememberedError()
    {
        Miss();
        Interlocked.Increment(ref _rememberedErrors);
    }

    public void Compiled(TimeSpan took, bool failed)
    {
        Interlocked.Increment(ref _compilations);
        Interlocked.Add(ref _compilationTicks, took.Ticks);
        if (failed)
        {
            Interlocked.Increment(ref _failedCompilations);
        }
    }

    public HandlerCompilerStatistics Snapshot() => new()
    {
        MemoryHits = Interlocked.Read(ref _memoryHits),
        DiskHits = Interlocked.Read(ref _diskHits),
        RemoteHits = Interlocked.Read(ref _remoteHits),
        Misses = Interlocked.Read(ref _misses),
        RememberedErrors = Interlocked.Read(ref _rememberedErrors),
        Compilations = Interlocked.Read(ref _compilations),
        FailedCompilations = Interlocked.Read(ref _failedCompilations),
        CompilationTime = TimeSpan.FromTicks(Interlocked.Read(ref _compilationTicks)),
        Given = Interlocked.Read(ref _given),
        Faults = Enum.GetValues<ArtifactFault>()
            .Where(fault => Interlocked.Read(ref _faults[(int)fault]) > 0)
            .ToImmutableSortedDictionary(fault => fault, fault => Interlocked.Read(ref _faults[(int)fault])),
    };
}
