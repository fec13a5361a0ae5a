namespace Larder.Bench.Memory;

/// <summary>What is done with every key of a slice.</summary>
internal enum Workload
{
    /// <summary>Every key is resident; Zipf 1.0 over 8,000.</summary>
    Hit,

    /// <summary>A lookup, then get-or-add on a miss; Zipf 1.0 over 100,000.</summary>
    ReadThrough,

    /// <summary>Puts of keys that are not resident.</summary>
    Evict,
}
