using Larder.Fuse.Native;

namespace Larder.Fuse.Takeover;

/// <summary>Descriptors by mount point. They are the store's own: given out as copies by the socket, closed when forgotten.</summary>
internal sealed class DescriptorStore(int maxMounts) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int[]> _kept = new(StringComparer.Ordinal); // Guarded by _gate.

    internal bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _kept.Count == 0;
            }
        }
    }

    internal string[] MountPoints
    {
        get
        {
            lock (_gate)
            {
                return [.. _kept.Keys];
            }
        }
    }

    /// <summary>Keeps descriptors in place of those that were kept under the name.</summary>
    /// <returns>False when there is no room; the descriptors are then still the caller's.</returns>
    internal bool Put(string mountPoint, int[] descriptors)
    {
        int[]? before;
        lock (_gate)
        {
            if (!_kept.TryGetValue(mountPoint, out before) && _kept.Count >= maxMounts)
            {
                return false;
            }

            _kept[mountPoint] = descriptors;
        }

        Close(before);

        return true;
    }

    /// <summary>Uses what is kept under a name, which stays kept as long as that takes.</summary>
    /// <returns>False when there is nothing.</returns>
    internal bool Use(string mountPoint, Action<int[]> use)
    {
        lock (_gate)
        {
            if (!_kept.TryGetValue(mountPoint, out var descriptors))
            {
                return false;
            }

            use(descriptors);

            return true;
        }
    }

    internal bool Drop(string mountPoint)
    {
        int[]? descriptors;
        lock (_gate)
        {
            if (!_kept.Remove(mountPoint, out descriptors))
            {
                return false;
            }
        }

        Close(descriptors);

        return true;
    }

    public void Dispose()
    {
        foreach (var mountPoint in MountPoints)
        {
            Drop(mountPoint);
        }
    }

    private static void Close(int[]? descriptors) => Array.ForEach(descriptors ?? [], descriptor => _ = Libc.Close(descriptor));
}
