using Larder.Oci.Layers;

namespace Larder.Oci.Mounting;

/// <summary>
/// Objects that the disk had no room for and that lie in memory until they are forgotten: a few, the oldest goes first. Without
/// them each read of such a file would fetch its object again.
/// </summary>
internal sealed class HeldObjects : IDisposable
{
    private const int MaxObjects = 32;
    private const long MaxBytes = 32 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<(int Number, ObjectLease Lease)> _held = new(); // Guarded by _gate.
    private long _bytes; // Guarded by _gate.
    private volatile bool _isEmpty = true;

    /// <summary>Takes a lease on an object that is held.</summary>
    public bool TryOpen(int number, out ObjectLease lease)
    {
        lease = default;
        if (_isEmpty)
        {
            return false;
        }

        lock (_gate)
        {
            foreach (var held in _held)
            {
                if (held.Number == number)
                {
                    lease = held.Lease.Share();
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Holds an object for those who read it next, unless it is too large for that.</summary>
    public void Add(int number, in ObjectLease lease)
    {
        if (lease.Length > MaxBytes)
        {
            return;
        }

        lock (_gate)
        {
            foreach (var held in _held)
            {
                if (held.Number == number)
                {
                    return;
                }
            }

            _held.Enqueue((number, lease.Share()));
            _bytes += lease.Length;
            _isEmpty = false;
            while (_bytes > MaxBytes || _held.Count > MaxObjects)
            {
                DropOldest();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            while (_held.Count > 0)
            {
                DropOldest();
            }
        }
    }

    private void DropOldest()
    {
        var (_, lease) = _held.Dequeue();
        _bytes -= lease.Length;
        _isEmpty = _held.Count == 0;
        lease.Dispose();
    }
}
