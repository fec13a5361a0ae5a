namespace Larder.Handlers.Pooling;

/// <summary>What becomes of an instance that is released.</summary>
internal enum InstanceVerdict
{
    /// <summary>It is reset and used again.</summary>
    Reuse,

    /// <summary>It is used again, but nobody waits for its reset: a worker does it, or whoever gets it sooner.</summary>
    ReuseLater,

    /// <summary>It is destroyed.</summary>
    Discard,
}
