namespace Larder.Handlers.Pooling;

/// <summary>When an instance that comes back is put into its first state. No mode hands out one that was not.</summary>
public enum InstanceResetMode
{
    /// <summary>
    /// By a worker, after the caller has gone on; a caller that needs the instance earlier does it itself.
    /// </summary>
    Background,

    /// <summary>By whoever releases it.</summary>
    OnRelease,

    /// <summary>By the next caller that gets it, or never: for a machine without a core to spare.</summary>
    OnAcquire,
}
