namespace Larder.Handlers.Pooling;

/// <summary>Where a pooled instance is.</summary>
internal enum InstanceState : byte
{
    /// <summary>In use by the holder of its lease.</summary>
    Active,

    /// <summary>Reset and ready.</summary>
    Idle,

    /// <summary>Released and not reset yet; a caller that takes it resets it first.</summary>
    Unreset,

    /// <summary>In the hands of the worker that resets it.</summary>
    Resetting,

    /// <summary>Waiting to be resumed.</summary>
    Suspended,

    /// <summary>Taken to be resumed, and waiting for room.</summary>
    Resuming,

    /// <summary>Gone.</summary>
    Destroyed,
}
