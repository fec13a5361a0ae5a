namespace Larder.Handlers.Contract;

/// <summary>How a run of a handler ended.</summary>
public enum HandlerStatus
{
    /// <summary>It returned.</summary>
    Success,

    /// <summary>It threw, broke a limit, or could not be compiled.</summary>
    Error,

    /// <summary>It waits for an extension call, and goes on with <c>resume</c>.</summary>
    Suspended,
}
