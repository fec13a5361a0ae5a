using System.Runtime.InteropServices;
using Larder.Cache.Fingerprints;
using Larder.Handlers.Compilation;

namespace Larder.Handlers.Execution;

/// <summary>The handlers that were called lately, with their images, within a bound. Thread safe.</summary>
internal sealed class LoadedHandlers(int capacity) : IDisposable
{
    // An image costs as much as some ten loads from bytecode. Where it pushes no other out, the second call says that more
    // will come; where it does, and may be pushed out soon itself, it has to be worth it.
    private const int LoadsForImage = 2;
    private const int LoadsForImageWhenFull = 8;

    private readonly Lock _gate = new();

    // Guarded by _gate: by the checksum of the compiled form, and in the order of use, the latest last.
    private readonly Dictionary<Fingerprint, LinkedListNode<LoadedHandler>> _handlers = [];
    private readonly LinkedList<LoadedHandler> _byUse = [];

    /// <summary>The handler of a compiled form; the same one as long as it is kept.</summary>
    public LoadedHandler Get(CompiledHandler code)
    {
        LoadedHandler? dropped = null;
        LoadedHandler handler;
        lock (_gate)
        {
            ref var node = ref CollectionsMarshal.GetValueRefOrAddDefault(_handlers, code.Checksum, out var exists);
            if (exists && node is not null)
            {
                if (node != _byUse.Last)
                {
                    _byUse.Remove(node);
                    _byUse.AddLast(node);
                }

                return node.Value;
            }

            handler = new LoadedHandler(code, _byUse.Count < capacity ? LoadsForImage : LoadsForImageWhenFull);
            node = _byUse.AddLast(handler);
            if (_byUse.Count > Math.Max(capacity, 1) && _byUse.First is { } oldest)
            {
                dropped = oldest.Value;
                _byUse.RemoveFirst();
                _handlers.Remove(dropped.Code.Checksum);
            }
        }

        dropped?.Drop();
        return handler;
    }

    /// <summary>Drops all of them.</summary>
    public void Clear()
    {
        LoadedHandler[] dropped;
        lock (_gate)
        {
            dropped = [.. _byUse];
            _byUse.Clear();
            _handlers.Clear();
        }

        foreach (var handler in dropped)
        {
            handler.Drop();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();
}
