using Larder.Handlers.Compilation;

namespace Larder.Handlers.Execution;

/// <summary>
/// A handler as the runtime keeps it for its calls; by reference, what instances are prepared for. Thread safe.
/// </summary>
internal sealed class LoadedHandler(CompiledHandler code)
{
    private int _loads;
    private HandlerImage? _image;

    /// <summary>The compiled handler.</summary>
    public CompiledHandler Code { get; } = code;

    /// <summary>An engine with the handler loaded; null until it is worth one, and after it was dropped.</summary>
    public HandlerImage? Image => Volatile.Read(ref _image);

    /// <summary>Counts a load from bytecode. The second one is reason enough for an image.</summary>
    /// <returns>Whether the caller should take an image.</returns>
    public bool CountLoad() => Interlocked.Increment(ref _loads) == 2;

    /// <summary>Gives the handler an image.</summary>
    public void Keep(HandlerImage image) => Volatile.Write(ref _image, image);

    /// <summary>Gives the image back. Instances that were restored from it live on.</summary>
    public void Drop()
    {
        Interlocked.Exchange(ref _image, null)?.Engine.Dispose();
        Interlocked.Exchange(ref _loads, 0);
    }
}
