namespace Larder.Node.Panels;

/// <summary>Bounds on panels: states with tools that handlers implement.</summary>
public sealed record PanelOptions
{
    /// <summary>Most panels; creating more is refused. Default 1,000.</summary>
    public int MaxPanels { get; init; } = 1_000;

    /// <summary>Calls that may wait in one panel; more are refused. Default 64.</summary>
    public int MaxQueued { get; init; } = 64;

    /// <summary>Largest state of one panel, as JSON. Default 1 MiB.</summary>
    public int MaxStateBytes { get; init; } = 1024 * 1024;

    /// <summary>Open sockets of one panel; more are refused. Default 2,000.</summary>
    public int MaxSockets { get; init; } = 2_000;

    /// <summary>Messages that may wait for one slow client before it is closed. Default 256.</summary>
    public int MaxSocketMessages { get; init; } = 256;

    /// <summary>Bytes that may wait for one slow client before it is closed. Default 4 MiB.</summary>
    public int MaxSocketBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// How long a panel may be without calls, sockets and schedules before it is removed; zero keeps it. Default 30 minutes.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Shortest interval of a trigger. Default 100 ms.</summary>
    public TimeSpan MinInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How many triggers may follow from one another before the chain ends. Default 8.</summary>
    public int MaxTriggerDepth { get; init; } = 8;

    /// <summary>A second port, on the same address, for WebSockets and everything else; 0 for none. Default 0.</summary>
    public int WebSocketPort { get; init; }

    /// <summary>The workspace that this node serves: tokens of another one are refused. Null serves all. Default null.</summary>
    public string? Workspace { get; init; }
}
