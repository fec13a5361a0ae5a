namespace Larder.Handlers;

/// <summary>What a <see cref="HandlersException"/> is about.</summary>
public enum HandlersErrorKind
{
    /// <summary>Options contradict each other or are out of range.</summary>
    Configuration,

    /// <summary>The JavaScript engine is not there, is another one than expected, or cannot start.</summary>
    EngineUnavailable,

    /// <summary>A handler cannot be compiled; <see cref="HandlersException.Error"/> says why and where.</summary>
    HandlerRejected,

    /// <summary>A suspension does not exist: it was never there, was resumed already, or expired.</summary>
    UnknownSuspension,

    /// <summary>A compiled handler is damaged, foreign, or of another engine.</summary>
    BadArtifact,

    /// <summary>The runtime is shutting down and takes no more calls.</summary>
    ShuttingDown,
}
