namespace Larder.Cache.Disk;

/// <summary>How far the tier has got with finding what lies on disk. It serves all the while.</summary>
/// <param name="Entries">Entries known so far.</param>
/// <param name="DirectoriesScanned">Directories read so far.</param>
/// <param name="DirectoriesTotal">Directories to read; grows while kinds are found.</param>
/// <param name="RestoredFromIndex">Entries taken from the index file of the last run.</param>
/// <param name="OrphansRemoved">Unfinished files of dead processes that were removed.</param>
/// <param name="IsComplete">Whether the index is complete.</param>
/// <param name="Elapsed">Time since the tier was opened, until completion.</param>
public sealed record RecoveryProgress(
    long Entries,
    int DirectoriesScanned,
    int DirectoriesTotal,
    long RestoredFromIndex,
    int OrphansRemoved,
    bool IsComplete,
    TimeSpan Elapsed);
