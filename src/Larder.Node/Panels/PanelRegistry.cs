using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using Larder.Node.Handlers;

namespace Larder.Node.Panels;

/// <summary>The panels of a node, in bounded number. Safe for many threads.</summary>
internal sealed class PanelRegistry : IAsyncDisposable
{
    private readonly PanelServices _services;
    private readonly Dictionary<string, Panel> _panels = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private Task _sweep = Task.CompletedTask;

    // Guarded by _gate.
    private bool _isClosed;

    public PanelRegistry(PanelServices services)
    {
        _services = services;
        services.Metrics.Observe(() => Count, () => Suspended);
    }

    /// <summary>What panels share.</summary>
    public PanelServices Services => _services;

    /// <summary>Panels that are there.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _panels.Count;
            }
        }
    }

    /// <summary>Panels that wait for an extension.</summary>
    public int Suspended => All().Count(static panel => panel.Status == PanelStatus.Suspended);

    /// <summary>Begins to look for idle panels.</summary>
    public void Start()
    {
        if (_services.Options.IdleTimeout > TimeSpan.Zero)
        {
            _sweep = Task.Run(SweepAsync, CancellationToken.None);
        }
    }

    /// <summary>Makes a panel, which then mounts.</summary>
    /// <exception cref="ApiException">There is one of that name, or there are too many.</exception>
    public Panel Create(PanelDefinition definition, string? workspace)
    {
        var panel = new Panel(definition, workspace, _services);
        lock (_gate)
        {
            var problem = _isClosed ? ApiException.Unavailable("The node is stopping.")
                : _panels.ContainsKey(definition.Id) ? new ApiException(409, "PANEL_EXISTS", $"There is a panel '{definition.Id}' already.")
                : _panels.Count >= _services.Options.MaxPanels ? new ApiException(
                    429, "TOO_MANY_PANELS", $"There are {_services.Options.MaxPanels} panels, the setting panels.max; delete one.")
                : null;
            if (problem is not null)
            {
                throw problem;
            }

            _panels.Add(definition.Id, panel);
        }

        panel.Start();
        return panel;
    }

    /// <summary>Finds a panel that callers of this workspace may see.</summary>
    public bool TryFind(string id, string? workspace, [NotNullWhen(true)] out Panel? panel)
    {
        lock (_gate)
        {
            return _panels.TryGetValue(id, out panel) && (workspace is null || panel.Workspace == workspace);
        }
    }

    /// <summary>Every panel, in the order of names.</summary>
    public IReadOnlyList<Panel> All()
    {
        lock (_gate)
        {
            return [.. _panels.Values.OrderBy(static panel => panel.Definition.Id, StringComparer.Ordinal)];
        }
    }

    /// <summary>Removes a panel, its unmount handler and its clients included.</summary>
    public async Task RemoveAsync(Panel panel, string reason)
    {
        await panel.StopAsync(WebSocketCloseStatus.NormalClosure, reason, isUnmounted: true).ConfigureAwait(false);
        lock (_gate)
        {
            if (_panels.GetValueOrDefault(panel.Definition.Id) == panel)
            {
                _panels.Remove(panel.Definition.Id);
            }
        }

        await panel.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        await _sweep.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(All().Select(static panel => panel.DisposeAsync().AsTask())).ConfigureAwait(false);
        _closing.Dispose();
    }

    private async Task SweepAsync()
    {
        var interval = TimeSpan.FromTicks(Math.Clamp(_services.Options.IdleTimeout.Ticks / 4, TimeSpan.TicksPerSecond / 20, TimeSpan.TicksPerMinute));
        using var timer = new PeriodicTimer(interval, _services.Clock);
        while (await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false))
        {
            foreach (var panel in All().Where(static panel => panel.IsIdle))
            {
                await RemoveAsync(panel, "Nobody used the panel.").ConfigureAwait(false);
                HandlerLog.PanelRemoved(_services.Logger, panel.Definition.Id, "nobody used it.");
            }
        }
    }
}
