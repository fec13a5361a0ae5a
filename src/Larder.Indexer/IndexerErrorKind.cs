namespace Larder.Indexer;

/// <summary>What an <see cref="IndexerException"/> is about.</summary>
public enum IndexerErrorKind
{
    /// <summary>Options contradict each other or are out of range.</summary>
    Configuration,

    /// <summary>A module cannot be decoded, linked or given its memory profile.</summary>
    BadModule,

    /// <summary>The guest trapped, ran out of fuel, aborted or did not flush: its block or view has no result.</summary>
    GuestFailed,

    /// <summary>A block is truncated, too long, malformed or does not follow the one before it.</summary>
    BadBlock,

    /// <summary>The height was never indexed, lies above the tip or was pruned.</summary>
    NoSuchHeight,

    /// <summary>The index was made by another module, profile or engine, or is of another format.</summary>
    RecipeMismatch,

    /// <summary>The store is damaged.</summary>
    Damaged,

    /// <summary>The store or the machine has no room: a full disk, no memory for the arena or an instance.</summary>
    NoSpace,

    /// <summary>A directory, library, node or source of blocks is not there or cannot be used; another process has it.</summary>
    Unavailable,

    /// <summary>More than a limit allows: sizes, counts, time.</summary>
    LimitExceeded,
}
