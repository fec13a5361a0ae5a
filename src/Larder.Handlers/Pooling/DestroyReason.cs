namespace Larder.Handlers.Pooling;

/// <summary>Why an instance was destroyed.</summary>
internal enum DestroyReason
{
    /// <summary>Its user said so.</summary>
    Discarded,

    /// <summary>It could not be reset.</summary>
    ResetFailed,

    /// <summary>It had its uses, or its age.</summary>
    Retired,

    /// <summary>It was idle for long, or more than are needed were.</summary>
    Trimmed,

    /// <summary>It made room for others within the budget.</summary>
    Evicted,

    /// <summary>It was suspended and not resumed in time.</summary>
    Expired,

    /// <summary>Its suspension was called off.</summary>
    Dropped,

    /// <summary>The pool was disposed.</summary>
    Shutdown,

    /// <summary>How many reasons there are.</summary>
    Count,
}
