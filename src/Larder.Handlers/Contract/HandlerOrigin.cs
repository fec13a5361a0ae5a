namespace Larder.Handlers.Contract;

/// <summary>Where the compiled form of a handler came from.</summary>
public enum HandlerOrigin
{
    /// <summary>It was compiled for this call.</summary>
    Compiled,

    /// <summary>The memory tier had it.</summary>
    Memory,

    /// <summary>The disk tier had it.</summary>
    Disk,

    /// <summary>The remote tier had it.</summary>
    Remote,

    /// <summary>The caller gave it, or the run was resumed.</summary>
    Given,
}
