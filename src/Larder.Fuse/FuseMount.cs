using Larder.Fuse.Mounting;
using Larder.Fuse.Native;
using Larder.Fuse.Serving;
using Larder.Fuse.Takeover;

namespace Larder.Fuse;

/// <summary>
/// A file system that is mounted and served by this process. Disposing unmounts it: the mount leaves the tree at once, files that
/// are open stay readable until they are closed or <see cref="FuseMountOptions.UnmountDeadline"/> has passed.
/// </summary>
public sealed class FuseMount : IAsyncDisposable
{
    private static readonly TimeSpan CutTime = TimeSpan.FromSeconds(5);

    private readonly FuseSession _session;
    private readonly FuseMountOptions _options;
    private readonly MountEntry? _entry;
    private readonly EventHandler _onExit;
    private readonly Lazy<Task> _unmount;

    private FuseMount(FuseSession session, FuseMountOptions options, MountEntry? entry)
    {
        _session = session;
        _options = options;
        _entry = entry;
        _unmount = new Lazy<Task>(UnmountOnceAsync);

        // A process that leaves without disposing would leave a mount behind that answers everybody with ENOTCONN.
        _onExit = (_, _) => DetachAtExit();
        AppDomain.CurrentDomain.ProcessExit += _onExit;
    }

    /// <summary>Where it is mounted.</summary>
    public string MountPoint => _options.MountPoint;

    /// <summary>What was agreed on with the kernel.</summary>
    public FuseConnection Connection => _session.Connection!;

    /// <summary>Done when the mount has ended: unmounted here or by somebody else, and nothing of it open any more.</summary>
    public Task Ended => _session.Ended;

    /// <summary>Mounts a file system and returns when it is ready for use.</summary>
    /// <param name="files">What answers.</param>
    /// <param name="options">Where and how.</param>
    /// <param name="cancellationToken">Gives up waiting for the kernel; nothing stays mounted.</param>
    /// <exception cref="FuseException">The machine, its rights or the mount point do not allow it.</exception>
    public static async Task<FuseMount> MountAsync(
        FuseFileSystem files, FuseMountOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        options = OptionsCheck.Check(options);
        var mountPoint = options.MountPoint;
        Mounting.MountPoint.Clear(mountPoint, options.Logger);

        var descriptors = new List<int> { Mounting.MountPoint.OpenDevice() };
        MountState? state = null;
        var isMounted = false;
        try
        {
            state = MountState.Create(options.KeptState.Span);
            options.Keeper?.Put(mountPoint, [descriptors[0], state.Descriptor]);
            Mounting.MountPoint.Mount(mountPoint, descriptors[0], options);
            isMounted = true;
            while (descriptors.Count < OptionsCheck.Threads(options) && FuseChannel.TryClone(descriptors[0], out var clone))
            {
                descriptors.Add(clone);
            }

            options.Keeper?.Put(mountPoint, [descriptors[0], state.Descriptor, .. descriptors.Skip(1)]);
        }
        catch
        {
            if (isMounted)
            {
                Mounting.MountPoint.Detach(mountPoint);
            }

            options.Keeper?.Drop(mountPoint);
            state?.Dispose();
            descriptors.ForEach(descriptor => _ = Libc.Close(descriptor));
            throw;
        }

        var mount = await ServeAsync(files, options, state, descriptors, cancellationToken).ConfigureAwait(false);
        Log.Mounted(options.Logger, mountPoint, mount.Connection.Minor, mount.Connection.Features, mount._session.Threads);

        return mount;
    }

    /// <summary>Goes on with a mount whose process is gone. Requests that it left unanswered are asked for again.</summary>
    /// <param name="files">What answers; nodes and handles must mean what they meant to the predecessor.</param>
    /// <param name="kept">The mount. Owned by this call, whatever comes of it.</param>
    /// <param name="options">The options of the predecessor; the mount point is that of <paramref name="kept"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FuseException">It cannot be served.</exception>
    public static async Task<FuseMount> ResumeAsync(
        FuseFileSystem files, KeptMount kept, FuseMountOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(kept);
        ArgumentNullException.ThrowIfNull(options);
        options = OptionsCheck.Check(options with { MountPoint = kept.MountPoint });
        var (state, descriptors) = kept.Take();
        if (state.IsNegotiated)
        {
            options = options with { MaxReadBytes = state.ReadNegotiated().MaxReadBytes };
        }

        var mount = await ServeAsync(files, options, state, descriptors, cancellationToken).ConfigureAwait(false);
        Log.TakenOver(options.Logger, options.MountPoint);

        return mount;
    }

    /// <summary>What the mount has done.</summary>
    public FuseStatistics GetStatistics() => _session.GetStatistics();

    /// <summary>
    /// Unmounts when the process is asked to end (SIGTERM, SIGINT or SIGHUP), instead of ending at once. The program ends by
    /// itself once <see cref="Ended"/> is done.
    /// </summary>
    /// <returns>Disposing it brings back what was before.</returns>
    public IDisposable UnmountOnTermination() => new TerminationSignals(() => _ = UnmountAsync());

    /// <summary>Unmounts; see the class. Calling it again waits for the same end.</summary>
    public Task UnmountAsync() => _unmount.Value;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await UnmountAsync().ConfigureAwait(false);

    private static async Task<FuseMount> ServeAsync(
        FuseFileSystem files,
        FuseMountOptions options,
        MountState state,
        List<int> descriptors,
        CancellationToken cancellationToken)
    {
        var session = new FuseSession(
            files, options, state, [.. descriptors.Select(descriptor => new FuseChannel(descriptor))]);
        var mount = new FuseMount(session, options, MountTable.Find(options.MountPoint));
        try
        {
            session.Start();
            await session.Negotiated.WaitAsync(options.MountDeadline, cancellationToken).ConfigureAwait(false);
            session.StartAll();
            if (mount._entry is { } entry)
            {
                Mounting.MountPoint.SetReadAhead(entry, options.ReadAheadBytes, options.Logger);
            }

            return mount;
        }
        catch (Exception exception)
        {
            await mount.DisposeAsync().ConfigureAwait(false);
            if (exception is TimeoutException)
            {
                throw new FuseException(
                    FuseErrorKind.TimedOut,
                    $"The kernel did not speak to the mount on {options.MountPoint} within {options.MountDeadline}.",
                    FuseErrno.TimedOut,
                    exception);
            }

            throw;
        }
    }

    private async Task UnmountOnceAsync()
    {
        if (!Ended.IsCompleted)
        {
            DetachIfOurs();
            if (!await EndsWithinAsync(_options.UnmountDeadline).ConfigureAwait(false) && _entry is { } entry)
            {
                Log.Cut(_options.Logger, MountPoint, _options.UnmountDeadline.TotalSeconds);
                Mounting.MountPoint.Cut(entry.DeviceMinor);
                await EndsWithinAsync(CutTime).ConfigureAwait(false);
            }
        }

        AppDomain.CurrentDomain.ProcessExit -= _onExit;
        _options.Keeper?.Drop(MountPoint);
        await _session.DisposeAsync().ConfigureAwait(false);
        Log.Unmounted(_options.Logger, MountPoint);
    }

    private async Task<bool> EndsWithinAsync(TimeSpan time)
    {
        try
        {
            await Ended.WaitAsync(time).ConfigureAwait(false);

            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    // Somebody may have unmounted it and mounted something else in its place.
    private void DetachIfOurs()
    {
        if (_entry is { } entry && MountTable.Find(MountPoint) is { } now
            && now.DeviceMajor == entry.DeviceMajor && now.DeviceMinor == entry.DeviceMinor)
        {
            Mounting.MountPoint.Detach(MountPoint);
        }
    }

    private void DetachAtExit()
    {
        if (_options.Keeper is null && !Ended.IsCompleted)
        {
            DetachIfOurs();
        }
    }
}
