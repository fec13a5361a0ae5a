namespace Larder.Indexer.Engines;

/// <summary>What happens to a write of a store in memory, for tests of who uses it.</summary>
internal enum MemoryFault
{
    /// <summary>It is done.</summary>
    None,

    /// <summary>It fails for want of room and changes nothing.</summary>
    NoSpace,

    /// <summary>The process ends before it.</summary>
    CrashBefore,

    /// <summary>The process ends after it, before who asked for it knows.</summary>
    CrashAfter,
}
