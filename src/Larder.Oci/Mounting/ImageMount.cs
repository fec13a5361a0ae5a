using System.Diagnostics;
using Larder.Fuse;
using Larder.Fuse.Takeover;

namespace Larder.Oci.Mounting;

/// <summary>An image that is mounted and served by this process. Disposing unmounts it.</summary>
/// <remarks>
/// The mount is kept, where there is a keeper, together with its recipe and with what its node numbers mean: a successor opens
/// the same image by the recipe and goes on, or refuses when it would number nodes otherwise.
/// </remarks>
public sealed class ImageMount : IAsyncDisposable
{
    private readonly FuseMount _mount;

    private ImageMount(FuseMount mount, OpenedImage image, FileRecorder? recorder)
    {
        _mount = mount;
        Image = image;
        Recorder = recorder;
    }

    /// <summary>What is mounted.</summary>
    public OpenedImage Image { get; }

    /// <summary>Where.</summary>
    public string MountPoint => _mount.MountPoint;

    /// <summary>What was agreed on with the kernel.</summary>
    public FuseConnection Connection => _mount.Connection;

    /// <summary>Notes which files are used; null unless <see cref="ImageMountOptions.Records"/>.</summary>
    public FileRecorder? Recorder { get; }

    /// <summary>Done when the mount has ended, here or by somebody else's unmounting.</summary>
    public Task Ended => _mount.Ended;

    /// <summary>Mounts an image and returns when it can be used.</summary>
    /// <param name="image">The image.</param>
    /// <param name="options">Where and how.</param>
    /// <param name="cancellationToken">Gives up; nothing stays mounted.</param>
    /// <exception cref="FuseException">The machine, its rights or the mount point do not allow it.</exception>
    public static async Task<ImageMount> MountAsync(
        OpenedImage image, ImageMountOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(options);
        var began = Stopwatch.GetTimestamp();
        var recorder = options.Records ? new FileRecorder(image.Tree) : null;
        var files = new ImageFileSystem(image.Content, recorder, options.Logger);
        var kept = options.Keeper is null ? [] : KeptImage.Encode(image.GetNumbering(), options.Recipe.Span);
        var mount = await FuseMount.MountAsync(files, FuseOptions(image, options, kept), cancellationToken).ConfigureAwait(false);
        Log.ImageMounted(
            options.Logger,
            image.Image.Reference.ToString(),
            mount.MountPoint,
            image.Tree.NodeCount,
            image.Image.Layers.Length,
            Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        return new ImageMount(mount, image, recorder);
    }

    /// <summary>Goes on with a mount whose process is gone.</summary>
    /// <param name="image">The image that <see cref="ReadRecipe"/> leads to.</param>
    /// <param name="kept">The mount; owned by this call, whatever comes of it.</param>
    /// <param name="options">As for mounting; the mount point is that of <paramref name="kept"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FuseException">It cannot be served.</exception>
    /// <exception cref="OciException">This program would number the nodes of the image otherwise.</exception>
    public static async Task<ImageMount> ResumeAsync(
        OpenedImage image, KeptMount kept, ImageMountOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(kept);
        ArgumentNullException.ThrowIfNull(options);
        if (!KeptImage.TryDecode(kept.State.Span, out var numbering, out var recipe) || numbering != image.GetNumbering())
        {
            kept.Dispose();
            throw new OciException(
                OciErrorKind.Mount, $"{kept.MountPoint} was mounted by another version of this program; unmount it and mount again.");
        }

        var recorder = options.Records ? new FileRecorder(image.Tree) : null;
        var files = new ImageFileSystem(image.Content, recorder, options.Logger);
        var fuse = FuseOptions(image, options, KeptImage.Encode(numbering, recipe));
        var mount = await FuseMount.ResumeAsync(files, kept, fuse, cancellationToken).ConfigureAwait(false);
        Log.ImageResumed(options.Logger, image.Image.Reference.ToString(), mount.MountPoint);
        return new ImageMount(mount, image, recorder);
    }

    /// <summary>The recipe that a kept mount was made with.</summary>
    /// <exception cref="OciException">The mount is not one of an image, or of another version of this program.</exception>
    public static byte[] ReadRecipe(KeptMount kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        return KeptImage.TryDecode(kept.State.Span, out _, out var recipe)
            ? recipe.ToArray()
            : throw new OciException(OciErrorKind.Mount, $"What is mounted on {kept.MountPoint} is not an image of this version.");
    }

    /// <summary>What the mount has done.</summary>
    public FuseStatistics GetStatistics() => _mount.GetStatistics();

    /// <summary>Unmounts when the process is asked to end; see <see cref="FuseMount.UnmountOnTermination"/>.</summary>
    public IDisposable UnmountOnTermination() => _mount.UnmountOnTermination();

    /// <summary>Unmounts.</summary>
    public Task UnmountAsync() => _mount.UnmountAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _mount.DisposeAsync();

    private static FuseMountOptions FuseOptions(OpenedImage image, ImageMountOptions options, byte[] kept) => new()
    {
        MountPoint = options.MountPoint,
        Source = image.Image.Reference.ToString(),
        Threads = options.Threads,
        Passthrough = options.Passthrough,

        // Without passthrough an open has nothing to decide, so that the kernel need not ask; a recorder wants to see it.
        NoOpen = !options.Passthrough && !options.Records,
        ExtendedAttributes = image.Tree.HasXattrs,
        RequestDeadline = options.ReadDeadline,
        Keeper = options.Keeper,
        KeptState = kept,
        Logger = options.Logger,
    };
}
