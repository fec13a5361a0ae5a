using Larder.Fuse;

namespace Larder.Cli.Images;

/// <summary>A view over a mount that takes changes: they go to a directory of the user's, and stay there when it ends.</summary>
internal sealed class WritableView : IDisposable
{
    private readonly string _mountPoint;

    private WritableView(string mountPoint) => _mountPoint = mountPoint;

    /// <summary>Whether somebody has unmounted it.</summary>
    public bool IsGone => FuseMounts.Find(_mountPoint) is not { Type: "overlay" };

    /// <summary>Makes the view, or finds it where a process that was killed has left it; null when none is asked for.</summary>
    public static WritableView? Open(MountRequest request)
    {
        if (request.WritableDirectory is not { } directory)
        {
            return null;
        }

        var view = new WritableView(request.MountPoint);
        if (view.IsGone)
        {
            var (upper, work) = (Path.Combine(directory, "upper"), Path.Combine(directory, "work"));
            Directory.CreateDirectory(upper);
            Directory.CreateDirectory(work);
            FuseMounts.MountOverlay(request.LowerMountPoint, upper, work, request.MountPoint);
        }

        return view;
    }

    /// <summary>Takes the view out of the tree; what is open stays usable.</summary>
    public void Dispose()
    {
        if (!IsGone)
        {
            FuseMounts.Unmount(_mountPoint, lazily: true);
        }
    }
}
