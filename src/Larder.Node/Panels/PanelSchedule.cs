namespace Larder.Node.Panels;

/// <summary>Makes the tools of one panel run when their time has come. What is missed is left out, not made up for.</summary>
internal sealed class PanelSchedule
{
    // Timers cannot be set for longer than some weeks.
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(12);

    private readonly Panel _panel;
    private readonly TimeProvider _clock;
    private readonly DateTimeOffset?[] _due;

    public PanelSchedule(Panel panel, TimeProvider clock)
    {
        _panel = panel;
        _clock = clock;
        _due = new DateTimeOffset?[panel.Definition.Tools.Length];
    }

    /// <summary>Goes on until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = _clock.GetUtcNow();
        for (var index = 0; index < _due.Length; index++)
        {
            _due[index] = Next(index, now, now);
        }

        while (_due.Min() is { } earliest)
        {
            var wait = earliest - _clock.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait < LongestWait ? wait : LongestWait, _clock, cancellationToken).ConfigureAwait(false);
            }

            now = _clock.GetUtcNow();
            for (var index = 0; index < _due.Length; index++)
            {
                if (_due[index] is { } due && due <= now)
                {
                    _panel.Trigger(index);
                    _due[index] = Next(index, due, now);
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private DateTimeOffset? Next(int index, DateTimeOffset last, DateTimeOffset now)
    {
        var trigger = _panel.Definition.Tools[index].Trigger;
        if (trigger.Kind == PanelTriggerKind.Interval)
        {
            var next = last + trigger.Interval;
            return next > now ? next : now + trigger.Interval;
        }

        return trigger.Kind == PanelTriggerKind.Cron ? trigger.Cron!.Next(now) : null; // Not null: of this kind.
    }
}
