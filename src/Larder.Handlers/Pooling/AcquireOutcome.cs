namespace Larder.Handlers.Pooling;

/// <summary>How a wish for an instance ended.</summary>
internal enum AcquireOutcome
{
    /// <summary>The lease holds an instance, which is released or suspended exactly once.</summary>
    Acquired,

    /// <summary>None came free in time.</summary>
    TimedOut,

    /// <summary>Too many callers wait already, of all tenants or of this one.</summary>
    QueueFull,

    /// <summary>The pool is being disposed.</summary>
    ShuttingDown,

    /// <summary>An instance could not be made.</summary>
    CreationFailed,

    /// <summary>No instance is suspended under that name: it never was, was resumed, or expired.</summary>
    NotSuspended,
}
