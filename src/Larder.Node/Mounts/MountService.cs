using Larder.Fuse;
using Larder.Node.Handlers;
using Larder.Oci.Mounting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Mounts;

/// <summary>
/// The mounts that the node holds: it has processes of their own serve them, makes them again when those are gone or the machine
/// was started anew, and ends them when it stops. Safe for many threads.
/// </summary>
internal sealed class MountService : IAsyncDisposable
{
    /// <summary>Most mounts of a node.</summary>
    public const int MaxMounts = 64;

    // Looks in a row that must miss a mount before it is made again: its keeper may just be starting its process anew.
    private const int MaxMissed = 3;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SnapshotAge = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    private readonly MountServiceOptions _options;
    private readonly MountState _state;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _gate = new();

    // Guarded by _gate, like what they hold.
    private readonly SortedDictionary<string, HeldMount> _held = new(StringComparer.Ordinal);
    private IReadOnlyList<MountStatus> _seen = [];
    private long _seenAt;

    private Task _watch = Task.CompletedTask;

    public MountService(MountServiceOptions options, string dataDirectory, TimeProvider clock, ILogger logger)
    {
        _options = options;
        _state = new MountState(dataDirectory, logger);
        _clock = clock;
        _logger = logger;
        _seenAt = clock.GetTimestamp() - (long)(10 * clock.TimestampFrequency);
    }

    /// <summary>Takes up the mounts of the last run, and watches over them from then on.</summary>
    public void Start()
    {
        if (_options.Root is not { } root)
        {
            return;
        }

        foreach (var order in _state.Read())
        {
            try
            {
                MountPaths.Check(root, order.Path);
                _held[order.Path] = new HeldMount(order) { Missed = MaxMissed };
            }
            catch (ApiException exception)
            {
                MountLog.Forgotten(_logger, order.Path, exception.Message);
            }
        }

        if (_options.Holder is { } holder)
        {
            _watch = Task.Run(() => WatchAsync(holder));
        }
    }

    /// <summary>Every mount, those of the command too.</summary>
    public MountsReport Report()
    {
        var statuses = Look();
        lock (_gate)
        {
            var reports = statuses
                .Select(status => new MountReport(status.MountPoint, status.Reference, _held.ContainsKey(status.MountPoint) ? "node" : "command", "ready", null, status))
                .ToDictionary(static report => report.Path, StringComparer.Ordinal);
            foreach (var (path, held) in _held)
            {
                if (!reports.ContainsKey(path))
                {
                    reports[path] = new MountReport(path, held.Order.Reference, "node", held.Problem is null ? "starting" : "failed", held.Problem, null);
                }
            }

            return new MountsReport(_options.Root, [.. reports.Values.OrderBy(static report => report.Path, StringComparer.Ordinal)]);
        }
    }

    /// <summary>Mounts, and holds the mount from then on, also after a restart.</summary>
    /// <exception cref="ApiException">It is refused, or cannot be had.</exception>
    public async Task<MountReport> AddAsync(MountOrder asked)
    {
        var root = RequireRoot();
        var order = asked with { Path = MountPaths.Check(root, asked.Path) };
        var holder = RequireHolder();
        var held = new HeldMount(order) { IsBusy = true };
        lock (_gate)
        {
            Reserve(order.Path);
            _held.Add(order.Path, held);
        }

        try
        {
            // Written down before it is made, so that it is never the node's without the node knowing.
            Write();

            // The client may leave; the mount is wanted until it is taken away.
            var status = await StartAsync(holder, root, order).ConfigureAwait(false);
            lock (_gate)
            {
                held.IsBusy = false;
            }

            return new MountReport(order.Path, order.Reference, "node", "ready", null, status);
        }
        catch (Exception exception)
        {
            Forget(order.Path);
            throw exception switch
            {
                ApiException refused => refused,
                OperationCanceledException => ApiException.Unavailable("The node is stopping."),
                _ => new ApiException(StatusCodes.Status422UnprocessableEntity, "MOUNT_FAILED", exception.Message),
            };
        }
    }

    /// <summary>Unmounts what the node holds, and forgets it.</summary>
    /// <exception cref="ApiException">There is no such mount, or it is in use.</exception>
    public async Task RemoveAsync(string asked, bool lazily, CancellationToken cancellationToken)
    {
        var path = MountPaths.Check(RequireRoot(), asked);
        var holder = RequireHolder();
        HeldMount? held;
        lock (_gate)
        {
            held = _held.GetValueOrDefault(path);
            if (held is null)
            {
                throw ApiException.NotFound("MOUNT_NOT_FOUND", $"The node holds no mount on {path}; 'larder unmount' ends what a command has mounted.");
            }

            if (held.IsBusy)
            {
                throw Conflict("MOUNT_BUSY", $"{path} is just being mounted or unmounted; try again.");
            }

            held.IsBusy = true;
        }

        try
        {
            if (FuseMounts.Find(path) is not null)
            {
                await holder.EndAsync(path, lazily, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (NodeException exception)
        {
            throw Conflict("MOUNT_IN_USE", exception.Message);
        }
        finally
        {
            lock (_gate)
            {
                held.IsBusy = false;
            }
        }

        Forget(path);
    }

    /// <summary>Unmounts what the node holds; the next run makes it again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_options.Holder is { } holder)
        {
            string[] paths;
            lock (_gate)
            {
                paths = [.. _held.Keys];
            }

            using var patience = new CancellationTokenSource(EndPatience, _clock);
            await Task.WhenAll(paths.Select(path => EndAsync(holder, path, patience.Token))).ConfigureAwait(false);
        }

        _closing.Dispose();
    }

    private static ApiException Conflict(string code, string message) => new(StatusCodes.Status409Conflict, code, message);

    private string RequireRoot() =>
        _options.Root ?? throw ApiException.Unavailable("This node mounts nothing: the setting mounts.root names no directory.");

    private IMountHolder RequireHolder() =>
        _options.Holder ?? throw ApiException.Unavailable("This program cannot hold mounts; 'larder serve' can.");

    private void Reserve(string path)
    {
        if (_closing.IsCancellationRequested)
        {
            throw ApiException.Unavailable("The node is stopping.");
        }

        if (_held.Count >= MaxMounts)
        {
            throw Conflict("TOO_MANY_MOUNTS", $"The node holds {MaxMounts} mounts already.");
        }

        if (_held.ContainsKey(path) || FuseMounts.Find(path) is not null)
        {
            throw Conflict("MOUNT_EXISTS", $"Something is mounted on {path} already; unmount it first.");
        }

        if (_held.Keys.FirstOrDefault(other => path.StartsWith(other + "/", StringComparison.Ordinal) || other.StartsWith(path + "/", StringComparison.Ordinal)) is { } near)
        {
            throw Conflict("MOUNT_EXISTS", $"{path} and the mount on {near} lie in one another.");
        }
    }

    private async Task<MountStatus> StartAsync(IMountHolder holder, string root, MountOrder order)
    {
        MountPaths.Check(root, order.Path);
        if (FuseMounts.Find(order.Path) is null)
        {
            Directory.CreateDirectory(order.Path);
        }

        var status = await holder.StartAsync(order, _closing.Token).ConfigureAwait(false);
        MountLog.Mounted(_logger, order.Reference, order.Path);
        return status;
    }

    private void Forget(string path)
    {
        lock (_gate)
        {
            _held.Remove(path);
            _seenAt -= _clock.TimestampFrequency;
        }

        Write();
    }

    private void Write()
    {
        lock (_gate)
        {
            _state.Write(_held.Values.Select(static one => one.Order));
        }
    }

    // Many watch, and every mount is a file.
    private IReadOnlyList<MountStatus> Look()
    {
        lock (_gate)
        {
            if (_clock.GetElapsedTime(_seenAt) > SnapshotAge)
            {
                _seen = _options.Holder?.List() ?? [];
                _seenAt = _clock.GetTimestamp();
            }

            return _seen;
        }
    }

    private async Task WatchAsync(IMountHolder holder)
    {
        using var timer = new PeriodicTimer(LookInterval, _clock);
        do
        {
            try
            {
                await Task.WhenAll(FindMissing(holder).Select(held => RestoreAsync(holder, held))).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                MountLog.NotSeen(_logger, exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false));
    }

    // What is to be made again; nobody else does anything about it until that has ended.
    private List<HeldMount> FindMissing(IMountHolder holder)
    {
        var living = holder.List().Where(status => !holder.IsDead(status)).Select(static status => status.MountPoint).ToHashSet(StringComparer.Ordinal);
        lock (_gate)
        {
            foreach (var held in _held.Values)
            {
                held.Missed = living.Contains(held.Order.Path) ? 0 : held.Missed + 1;
            }

            List<HeldMount> missing = [.. _held.Values.Where(static held => !held.IsBusy && held.Missed >= MaxMissed)];
            missing.ForEach(static held => held.IsBusy = true);
            return missing;
        }
    }

    private async Task RestoreAsync(IMountHolder holder, HeldMount held)
    {
        string? problem = null;
        try
        {
            await StartAsync(holder, _options.Root!, held.Order).ConfigureAwait(false); // Not null: watched only with a root.
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            problem = exception.Message;
            MountLog.Failed(_logger, held.Order.Reference, held.Order.Path, problem);
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }

        lock (_gate)
        {
            held.IsBusy = false;
            held.Problem = problem;
            held.Missed = problem is null ? 0 : held.Missed;
        }
    }

    private async Task EndAsync(IMountHolder holder, string path, CancellationToken cancellationToken)
    {
        try
        {
            if (FuseMounts.Find(path) is not null)
            {
                await holder.EndAsync(path, lazily: true, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (NodeException exception)
        {
            MountLog.NotEnded(_logger, path, exception.Message);
        }
        catch (OperationCanceledException)
        {
            MountLog.NotEnded(_logger, path, "files of it are still open");
        }
    }
}
