using Larder.Oci.Mounting;

namespace Larder.Node.Mounts;

/// <summary>Starts and ends the processes that hold mounts. Safe for many threads.</summary>
public interface IMountHolder
{
    /// <summary>Every mount of this user, whoever asked for it, with what its process wrote down last.</summary>
    IReadOnlyList<MountStatus> List();

    /// <summary>Whether the process that served a mount is gone, and no other has taken its place yet.</summary>
    bool IsDead(MountStatus mount);

    /// <summary>Mounts, and returns when the mount can be used. It outlives this process.</summary>
    /// <param name="order">What and where.</param>
    /// <param name="cancellationToken">Gives up; nothing stays mounted.</param>
    /// <exception cref="NodeException">It cannot be had; the message says why.</exception>
    Task<MountStatus> StartAsync(MountOrder order, CancellationToken cancellationToken);

    /// <summary>Unmounts, and waits until the process is gone.</summary>
    /// <param name="path">Where it is mounted.</param>
    /// <param name="lazily">Although it is in use.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="NodeException">It is in use, or not mounted.</exception>
    Task EndAsync(string path, bool lazily, CancellationToken cancellationToken);
}
