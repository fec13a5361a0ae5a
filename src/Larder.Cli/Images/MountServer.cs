using System.Text;
using System.Text.Json;
using Larder.Cli.Output;
using Larder.Fuse;
using Larder.Fuse.Takeover;
using Larder.Oci.Mounting;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Images;

/// <summary>The process that serves a mount: opens the image, mounts it or goes on with it, and writes down what it does.</summary>
internal sealed class MountServer : IDisposable
{
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KeeperPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RecordInterval = TimeSpan.FromSeconds(15);

    // Times as long as a look at what is on the disk took, until the next.
    private const int LookRest = 100;

    private readonly Terminal _terminal;
    private readonly MountRequest _request;
    private readonly MountReporter _reporter;
    private readonly MountRegistry _registry;
    private readonly StandardErrorLogging _loggers;
    private readonly DateTimeOffset _since = TimeProvider.System.GetUtcNow();
    private readonly bool _isFirst;
    private MountStatus? _written;
    private int _recorded;

    private MountServer(Terminal terminal, MountRequest request, bool isFirst)
    {
        _isFirst = isFirst;
        _terminal = terminal;
        _request = request;
        _reporter = new MountReporter(terminal, request);
        _registry = new MountRegistry(terminal);
        _loggers = new StandardErrorLogging(terminal, LogLevel.Warning);
    }

    /// <summary>Serves until the mount ends or the process is asked to.</summary>
    /// <param name="terminal">Where it is told what happens.</param>
    /// <param name="request">What and where.</param>
    /// <param name="isFirst">Whether the keeper started at the same time, so that it may not listen yet and has no mount to go on with.</param>
    /// <param name="cancellationToken">Asks to end.</param>
    public static async Task<int> RunAsync(Terminal terminal, MountRequest request, bool isFirst, CancellationToken cancellationToken)
    {
        using var server = new MountServer(terminal, request, isFirst);
        try
        {
            await server.RunAsync(cancellationToken).ConfigureAwait(false);
            return ExitCodes.Ok;
        }
        catch (Exception e) when (ExitCodes.Of(e) is { } code)
        {
            server._reporter.Failed(e.Message, code);
            throw;
        }
    }

    public void Dispose()
    {
        _reporter.Dispose();
        _loggers.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        if (_request.WritableDirectory is { } directory)
        {
            // The lower mount itself is not looked at: its process may be gone.
            Directory.CreateDirectory(directory);
            if (FuseMounts.Find(FuseMounts.Resolve(_request.LowerMountPoint)) is null)
            {
                Directory.CreateDirectory(_request.LowerMountPoint);
            }
        }

        using var known = _isFirst ? null : MountKeeperClient.FromEnvironment();
        var kept = known?.Acquire(_request.LowerMountPoint);
        _reporter.IsLate = kept is not null;
        var session = await ImageSession.OpenAsync(
            _request.Settings, _loggers, cancellationToken, first: kept is null ? _request.Reference : null).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            var image = await OpenImageAsync(session, kept, cancellationToken).ConfigureAwait(false);
            using var first = _isFirst ? await FindKeeperAsync(cancellationToken).ConfigureAwait(false) : null;
            var keeper = known ?? first;
            var mount = await MountAsync(image, keeper, kept, cancellationToken).ConfigureAwait(false);
            await using (mount.ConfigureAwait(false))
            {
                using var view = WritableView.Open(_request);
                var status = Describe(session, mount, kept is not null);
                _registry.Write(_written = status);
                _reporter.Ready(status);
                await WatchAsync(session, mount, view, kept is not null, cancellationToken).ConfigureAwait(false);
                await RecordAsync(session, mount).ConfigureAwait(false);
            }
        }

        _registry.Remove(_request.MountPoint);
    }

    // After a take-over the image is the one that was mounted, wherever its tag has moved to.
    private async Task<OpenedImage> OpenImageAsync(ImageSession session, KeptMount? kept, CancellationToken cancellationToken)
    {
        try
        {
            var reference = kept is null ? _request.Reference : Encoding.UTF8.GetString(ImageMount.ReadRecipe(kept));
            return await _reporter.FollowAsync(session, reference, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            kept?.Dispose();
            throw;
        }
    }

    private async Task<MountKeeperClient?> FindKeeperAsync(CancellationToken cancellationToken)
    {
        var socket = _terminal.Variable(MountKeeperClient.SocketVariable);
        return socket is null
            ? null
            : await _reporter.WaitAsync(
                new MountReport("working", "mounting"),
                static report => report,
                stop => MountKeeperClient.ConnectAsync(socket, KeeperPatience, stop),
                cancellationToken).ConfigureAwait(false);
    }

    private Task<ImageMount> MountAsync(
        OpenedImage image, MountKeeperClient? keeper, KeptMount? kept, CancellationToken cancellationToken)
    {
        var pinned = image.Image.Reference.WithDigest(image.Image.ManifestDescriptor.Digest);
        var options = new ImageMountOptions
        {
            MountPoint = _request.LowerMountPoint,
            Passthrough = _request.Passthrough,
            ReadDeadline = _request.ReadDeadline,
            Records = _request.Record is not null,
            Keeper = keeper,
            Recipe = Encoding.UTF8.GetBytes(pinned.ToString()),
            Logger = _loggers.CreateLogger("mount"),
        };
        return kept is null
            ? ImageMount.MountAsync(image, options, cancellationToken)
            : ImageMount.ResumeAsync(image, kept, options, cancellationToken);
    }

    private async Task WatchAsync(
        ImageSession session, ImageMount mount, WritableView? view, bool takenOver, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(StatusInterval);
        var sinceRecord = TimeSpan.Zero;
        var untilLook = TimeSpan.Zero;
        while (!mount.Ended.IsCompleted && view?.IsGone != true)
        {
            var tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
            await Task.WhenAny(tick, mount.Ended).ConfigureAwait(false);
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            untilLook -= StatusInterval;
            if (untilLook <= TimeSpan.Zero)
            {
                // Costs a look at the file system for each object that is not known to be here: rarer, the more there are.
                var began = System.Diagnostics.Stopwatch.GetTimestamp();
                await mount.Image.Content.FindLocalLayersAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                untilLook = System.Diagnostics.Stopwatch.GetElapsedTime(began) * LookRest;
            }

            WriteStatus(session, mount, takenOver);
            sinceRecord += StatusInterval;
            if (sinceRecord >= RecordInterval)
            {
                sinceRecord = TimeSpan.Zero;
                await RecordAsync(session, mount).ConfigureAwait(false);
            }
        }
    }

    private void WriteStatus(ImageSession session, ImageMount mount, bool takenOver)
    {
        var status = Describe(session, mount, takenOver);
        if (_written is { } written
            && JsonSerializer.Serialize(written, ImageJson.Default.MountStatus) == JsonSerializer.Serialize(status, ImageJson.Default.MountStatus))
        {
            return;
        }

        try
        {
            _registry.Write(_written = status);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _terminal.Warn($"what the mount does cannot be written down: {e.Message}");
        }
    }

    private async Task RecordAsync(ImageSession session, ImageMount mount)
    {
        if (_request.Record is { } name && mount.Recorder is { } recorder && recorder.Snapshot().Length is var count && count != _recorded)
        {
            await RecordedFiles.SaveAsync(session.Cache, mount.Image, name, recorder, CancellationToken.None).ConfigureAwait(false);
            _recorded = count;
        }
    }

    private MountStatus Describe(ImageSession session, ImageMount mount, bool takenOver)
    {
        var statistics = mount.GetStatistics();
        return new MountStatus
        {
            MountPoint = _request.MountPoint,
            Reference = _request.Reference,
            Digest = mount.Image.Image.ManifestDescriptor.Digest.ToString(),
            ProcessId = Environment.ProcessId,
            Since = _since,
            TakenOver = takenOver,
            CacheDirectory = _request.Settings.CacheDirectory,
            LowerMountPoint = _request.WritableDirectory is null ? null : _request.LowerMountPoint,
            Passthrough = mount.Connection.Passthrough,
            Nodes = mount.Image.Tree.NodeCount,
            FileBytes = mount.Image.Tree.FileBytes,
            Requests = statistics.Requests,
            Opens = statistics.Opens,
            PassthroughOpens = statistics.PassthroughOpens,
            Reads = statistics.Reads,
            Waiting = statistics.InFlight,
            Layers = [
                .. mount.Image.Content.GetStatistics().Select(layer => LayerFigures.Of(
                    layer, layer.DiffId.TryGetFingerprint(out var diffId) ? session.Layers.GetStatus(diffId) : null)),
            ],
        };
    }
}
