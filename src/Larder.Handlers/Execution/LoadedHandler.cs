using Larder.Handlers.Compilation;

namespace Larder.Handlers.Execution;

/// <summary>
/// A handler as the runtime keeps it for its calls; by reference, what instances are prepared for. Thread safe.
/// </summary>
/// <param name="code">The compiled handler.</param>
/// <param name="loadsForImage">The load from bytecode that is reason enough for an image.</param>
internal sealed class LoadedHandler(CompiledHandler code, int loadsForImage)
{
    private int _loads;
    private HandlerImage? _image;

    /// <summary>The compiled handler.</summary>
    public CompiledHandler Code { get; } = code;

    /// <summary>An engine with the handler loaded; null until it is worth one, and after it was dropped.</summary>
    public HandlerImage? Image => Volatile.Read(ref _image);

    /// <summary>Counts a load from bytecode.</summary>
    /// <returns>Whether the caller should take an image.</returns>
    public bool CountLoad() => Interlocked.Increment(ref _loads) == loadsForImage;

    /// <summary>Gives the handler an image.</summary>
    public void Keep(HandlerImage image) => Volatile.Write(ref _image, image);

    /// <summary>Gives the image back. Instances that were restored from it live on.</summary>
    public void Drop()
    {
        Interlocked.Exchange(ref _image, null)?.Engine.Dispose();
        Interlocked.Exchange(ref _loads, 0);
    }
}
