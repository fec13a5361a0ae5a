using System.Globalization;
using System.Text.Json;
using Larder.Node.Handlers;

namespace Larder.Node.Panels;

/// <summary>What makes a tool run besides its callers. Immutable.</summary>
internal sealed record PanelTrigger
{
    private const int MaxPatternLength = 256;

    /// <summary>What it is.</summary>
    public PanelTriggerKind Kind { get; private init; }

    /// <summary>Of <see cref="PanelTriggerKind.Interval"/>: the time between two runs.</summary>
    public TimeSpan Interval { get; private init; }

    /// <summary>Of <see cref="PanelTriggerKind.Event"/>: the event's name, where <c>*</c> stands for anything.</summary>
    public string Pattern { get; private init; } = string.Empty;

    /// <summary>Of <see cref="PanelTriggerKind.Cron"/>: the schedule.</summary>
    public CronSchedule? Cron { get; private init; }

    /// <summary>Of <see cref="PanelTriggerKind.StateChange"/>: a key of the state, or keys joined by points.</summary>
    public string Path { get; private init; } = string.Empty;

    /// <summary>Whether time makes it run.</summary>
    public bool IsTimed => Kind is PanelTriggerKind.Interval or PanelTriggerKind.Cron;

    /// <summary>The kind as it is written on the wire.</summary>
    public string Name => Kind == PanelTriggerKind.StateChange ? "state_change" : Kind.ToString().ToLowerInvariant();

    /// <summary>Reads <c>"manual"</c>, or an object with a type and what belongs to it.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public static PanelTrigger Read(JsonElement? json, string tool, TimeSpan minInterval)
    {
        if (json is not { } trigger)
        {
            return new PanelTrigger();
        }

        var isObject = trigger.ValueKind == JsonValueKind.Object;
        var type = isObject ? JsonFields.RequiredText(trigger, "type") : trigger.ValueKind == JsonValueKind.String ? trigger.GetString() : null;
        return type switch
        {
            "manual" => new PanelTrigger(),
            "interval" when isObject => ReadInterval(trigger, tool, minInterval),
            "event" when isObject => new PanelTrigger { Kind = PanelTriggerKind.Event, Pattern = Word(trigger, "pattern", tool) },
            "state_change" when isObject => new PanelTrigger { Kind = PanelTriggerKind.StateChange, Path = Word(trigger, "path", tool) },
            "cron" when isObject => ReadCron(trigger, tool),
            _ => throw ApiException.BadRequest(
                $"The trigger of tool '{tool}' must be manual, interval, event, cron or state_change, with what belongs to it."),
        };
    }

    /// <summary>Whether an event of this name makes the tool run.</summary>
    public bool MatchesEvent(string name) => Kind == PanelTriggerKind.Event && Matches(Pattern, name);

    /// <summary>The value at the path in a state; null when there is none.</summary>
    public JsonElement? ValueIn(JsonElement state)
    {
        // A key that has points itself comes first.
        if (state.TryGetProperty(Path, out var whole))
        {
            return whole;
        }

        var at = state;
        foreach (var range in Path.AsSpan().Split('.'))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(Path.AsSpan()[range], out at))
            {
                return null;
            }
        }

        return at;
    }

    // Each star takes as little as it can; going back to the last one is enough.
    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int at = 0, within = 0, star = -1, resume = 0;
        while (within < text.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                star = at++;
                resume = within;
            }
            else if (at < pattern.Length && pattern[at] == text[within])
            {
                at++;
                within++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                within = ++resume;
            }
            else
            {
                return false;
            }
        }

        return pattern[at..].TrimStart('*').IsEmpty;
    }

    private static PanelTrigger ReadInterval(JsonElement trigger, string tool, TimeSpan minInterval)
    {
        var milliseconds = JsonFields.Number(trigger, "ms", 1, (long)TimeSpan.FromDays(366).TotalMilliseconds)
            ?? throw ApiException.BadRequest($"The trigger of tool '{tool}' needs 'ms', the milliseconds between two runs.");
        return milliseconds >= minInterval.TotalMilliseconds
            ? new PanelTrigger { Kind = PanelTriggerKind.Interval, Interval = TimeSpan.FromMilliseconds(milliseconds) }
            : throw ApiException.BadRequest(string.Create(
                CultureInfo.InvariantCulture,
                $"The trigger of tool '{tool}' must have an interval of at least {minInterval.TotalMilliseconds} ms, the setting panels.min-interval."));
    }

    private static PanelTrigger ReadCron(JsonElement trigger, string tool) =>
        CronSchedule.TryParse(Word(trigger, "expression", tool), out var schedule)
            ? new PanelTrigger { Kind = PanelTriggerKind.Cron, Cron = schedule }
            : throw ApiException.BadRequest(
                $"The trigger of tool '{tool}' needs five fields that some minute meets: minute, hour, day, month, day of the week.");

    private static string Word(JsonElement trigger, string member, string tool)
    {
        var word = JsonFields.Text(trigger, member);
        return word is { Length: > 0 and <= MaxPatternLength }
            ? word
            : throw ApiException.BadRequest($"The trigger of tool '{tool}' needs '{member}', a text of at most {MaxPatternLength} characters.");
    }
}
