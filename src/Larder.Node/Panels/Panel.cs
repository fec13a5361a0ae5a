using System.Net.WebSockets;
using System.Threading.Channels;
using Larder.Handlers.Contract;
using Larder.Node.Handlers;

namespace Larder.Node.Panels;

/// <summary>A state with tools. Its calls run one after another, so that no update is lost. Safe for many threads.</summary>
/// <remarks>
/// A run that is suspended keeps its turn until the extension has answered: what it does afterwards rests on the state
/// that it saw, and nobody may have changed that meanwhile.
/// </remarks>
internal sealed partial class Panel : IAsyncDisposable
{
    private readonly PanelServices _services;
    private readonly PanelState _state;
    private readonly Channel<PanelCall> _calls;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _mounted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int[] _pendingTriggers;
    private readonly Lock _gate = new();
    private Task _worker = Task.CompletedTask;
    private Task _schedule = Task.CompletedTask;
    private long _lastUsed;
    private volatile PanelStatus _status = PanelStatus.Initializing;
    private volatile HandlerError? _mountError;

    // Guarded by _gate. Set once, by whoever stops first.
    private Task? _stop;

    public Panel(PanelDefinition definition, string? workspace, PanelServices services)
    {
        Definition = definition;
        Workspace = workspace;
        _services = services;
        CreatedAt = services.Clock.GetUtcNow();
        _state = new PanelState(definition.InitialState, services.Options.MaxStateBytes);
        Sockets = new PanelSockets(_state, definition.Id, services.Options.MaxSockets, services.Clock);
        _calls = Channel.CreateBounded<PanelCall>(new BoundedChannelOptions(services.Options.MaxQueued) { SingleReader = true });
        _pendingTriggers = new int[definition.Tools.Length];
        Touch();
    }

    /// <summary>What its maker said.</summary>
    public PanelDefinition Definition { get; }

    /// <summary>The workspace that it belongs to; null for none.</summary>
    public string? Workspace { get; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; }

    /// <summary>What it is doing.</summary>
    public PanelStatus Status => _status;

    /// <summary>Why mounting failed; null when it did not.</summary>
    public HandlerError? MountError => _mountError;

    /// <summary>Its state now.</summary>
    public PanelSnapshot Snapshot => _state.Current;

    /// <summary>Its clients.</summary>
    public PanelSockets Sockets { get; }

    /// <summary>Calls that wait.</summary>
    public int Queued => _calls.Reader.Count;

    /// <summary>Ends when the mount handler has given its first result.</summary>
    public Task Mounted => _mounted.Task;

    /// <summary>Whether nobody used it for the time that a panel may be idle.</summary>
    public bool IsIdle =>
        _services.Options.IdleTimeout > TimeSpan.Zero
        && _status != PanelStatus.Suspended
        && Sockets.Count == 0
        && !Definition.Tools.Any(static tool => tool.Trigger.IsTimed)
        && _services.Clock.GetElapsedTime(Volatile.Read(ref _lastUsed)) >= _services.Options.IdleTimeout;

    /// <summary>Begins to work.</summary>
    public void Start()
    {
        _worker = Task.Run(WorkAsync, CancellationToken.None);
        if (Definition.Tools.Any(static tool => tool.Trigger.IsTimed))
        {
            _schedule = Task.Run(() => new PanelSchedule(this, _services.Clock).RunAsync(_stopping.Token), CancellationToken.None);
        }
    }

    /// <summary>Whoever looks keeps the panel from being idle.</summary>
    public void Touch() => Volatile.Write(ref _lastUsed, _services.Clock.GetTimestamp());

    /// <summary>Queues a call.</summary>
    /// <exception cref="ApiException">Too many wait already, or the panel is gone.</exception>
    public void Call(PanelCall call)
    {
        Touch();
        if (!_calls.Writer.TryWrite(call))
        {
            throw _stopping.IsCancellationRequested
                ? ApiException.NotFound("PANEL_NOT_FOUND", $"The panel '{Definition.Id}' was removed.")
                : new ApiException(429, "QUEUE_FULL", $"{_services.Options.MaxQueued} calls wait in the panel '{Definition.Id}' already; try again later.");
        }
    }

    /// <summary>Removes the panel: ends what runs, runs its unmount handler, and closes its clients. Later calls wait for the first.</summary>
    /// <param name="status">What clients are closed with.</param>
    /// <param name="reason">What clients are told.</param>
    /// <param name="isUnmounted">Whether the unmount handler runs.</param>
    public Task StopAsync(WebSocketCloseStatus status, string reason, bool isUnmounted)
    {
        lock (_gate)
        {
            return _stop ??= Task.Run(() => EndAsync(status, reason, isUnmounted));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(WebSocketCloseStatus.EndpointUnavailable, "The node stops.", isUnmounted: false).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task EndAsync(WebSocketCloseStatus status, string reason, bool isUnmounted)
    {
        _calls.Writer.TryComplete();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _schedule.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _worker.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (isUnmounted && Definition.Unmount is { } unmount)
        {
            // Nothing may hold the removal up for longer than any other run could.
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30), _services.Clock);
            await RunAsync(new PanelCall(unmount, default), deadline.Token).ConfigureAwait(false);
        }

        _status = PanelStatus.Stopped;
        Sockets.Close(status, reason);
    }

    private async Task WorkAsync()
    {
        if (Definition.Mount is { } mount)
        {
            var call = new PanelCall(mount, default);
            var waiting = TellSuspendedAsync(call);
            await RunAsync(call, _stopping.Token).ConfigureAwait(false);
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (call.Last.IsCompletedSuccessfully && (await call.Last.ConfigureAwait(false)).Error is { } error)
            {
                _mountError = error;
                _status = PanelStatus.Error;
            }
        }

        _status = _status == PanelStatus.Initializing ? PanelStatus.Running : _status;
        _mounted.TrySetResult();
        await foreach (var call in _calls.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            await RunAsync(call, _stopping.Token).ConfigureAwait(false);
            Touch();
        }
    }

    // Whoever makes a panel does not wait for what its mount handler waits for.
    private async Task TellSuspendedAsync(PanelCall mount)
    {
        if ((await mount.First.ConfigureAwait(false)).Status == HandlerStatus.Suspended)
        {
            _mounted.TrySetResult();
        }
    }
}
