namespace Larder.Node.Panels;

/// <summary>What a panel is doing.</summary>
internal enum PanelStatus : byte
{
    /// <summary>Its mount handler runs.</summary>
    Initializing,

    /// <summary>It takes calls.</summary>
    Running,

    /// <summary>A handler waits for an extension; calls wait behind it.</summary>
    Suspended,

    /// <summary>Its mount handler, or the runtime under the last call, failed. It takes calls all the same.</summary>
    Error,

    /// <summary>It is removed.</summary>
    Stopped,
}
