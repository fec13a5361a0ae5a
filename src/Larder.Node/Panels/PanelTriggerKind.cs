namespace Larder.Node.Panels;

/// <summary>What makes a tool run.</summary>
internal enum PanelTriggerKind : byte
{
    /// <summary>Only a caller does.</summary>
    Manual,

    /// <summary>Time passes.</summary>
    Interval,

    /// <summary>A handler of the panel emits an event.</summary>
    Event,

    /// <summary>The clock shows a time.</summary>
    Cron,

    /// <summary>A part of the state changes.</summary>
    StateChange,
}
