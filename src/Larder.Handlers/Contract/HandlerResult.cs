using System.Collections.Immutable;
using System.Text.Json;

namespace Larder.Handlers.Contract;

/// <summary>
/// How a run, or the part of one up to a suspension, ended, and what it wants done. Effects are those since the last
/// suspension: no effect is ever reported twice.
/// </summary>
public sealed record HandlerResult
{
    /// <summary>How the run ended.</summary>
    public required HandlerStatus Status { get; init; }

    /// <summary>What the handler returned; null unless it succeeded and returned something.</summary>
    public JsonElement? ReturnValue { get; init; }

    /// <summary>Changes of the state, in order.</summary>
    public ImmutableArray<StateMutation> StateMutations { get; init; } = [];

    /// <summary>Events to emit, in order.</summary>
    public ImmutableArray<HandlerEvent> Events { get; init; } = [];

    /// <summary>Commands for views, in order.</summary>
    public ImmutableArray<ViewCommand> ViewCommands { get; init; } = [];

    /// <summary>Lines that the handler logged, in order.</summary>
    public ImmutableArray<LogEntry> Log { get; init; } = [];

    /// <summary>What the handler waits for; null unless it is suspended.</summary>
    public Suspension? Suspension { get; init; }

    /// <summary>What went wrong; null unless the status is <see cref="HandlerStatus.Error"/>.</summary>
    public HandlerError? Error { get; init; }

    /// <summary>What the run used.</summary>
    public required ExecutionMetrics Metrics { get; init; }
}
