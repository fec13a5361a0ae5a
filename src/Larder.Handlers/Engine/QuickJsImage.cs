using Larder.Wasm;

namespace Larder.Handlers.Engine;

/// <summary>An engine at one moment. Immutable; thread safe; instances that were restored from it live on without it.</summary>
internal sealed class QuickJsImage(InstanceSnapshot snapshot, QuickJsLayout layout) : IDisposable
{
    /// <summary>Memory, globals and tables.</summary>
    public InstanceSnapshot Snapshot { get; } = snapshot;

    /// <summary>Where the parts lie.</summary>
    public QuickJsLayout Layout { get; } = layout;

    /// <summary>Bytes that the image takes.</summary>
    public long ByteLength => Snapshot.OwnBytes;

    /// <inheritdoc/>
    public void Dispose() => Snapshot.Dispose();
}
