namespace Larder.Handlers.Contract;

/// <summary>How grave a <see cref="LogEntry"/> is.</summary>
public enum HandlerLogLevel
{
    /// <summary>For whoever looks for a fault.</summary>
    Debug,

    /// <summary>What happens.</summary>
    Info,

    /// <summary>Something is not as it should be.</summary>
    Warn,

    /// <summary>Something failed.</summary>
    Error,
}
