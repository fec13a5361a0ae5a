using Larder.Cache;
using Larder.Oci.Layers;
using Larder.Oci.Mounting;
using Larder.Oci.References;
using Larder.Tests.Oci.Layers;
using Larder.Tests.Oci.Support;

namespace Larder.Tests.Oci.Mounting;

/// <summary>Images in a layout on disk, opened over a cache of their own.</summary>
internal sealed class MountingFixture : IAsyncDisposable
{
    private readonly LayerFixture _layers = new();
    private (TieredCache Cache, LayerStore Store)? _open;

    public async Task<TieredCache> CacheAsync() => (_open ??= await _layers.OpenAsync()).Cache;

    /// <summary>Writes an image and opens it.</summary>
    public async Task<OpenedImage> OpenAsync(string name, params byte[][] layers)
    {
        var directory = Path.Combine(_layers.Folder, "layout");
        var source = await TestImages.WriteAsync(directory, name, layers);
        var image = await source.ResolveAsync(ImageReference.OfLayout(directory, name), null, default);
        _open ??= await _layers.OpenAsync();
        return await OpenedImage.OpenAsync(_open.Value.Store, source, image);
    }

    /// <summary>Takes every blob of the layout away.</summary>
    public void LoseBlobs() => Directory.Delete(Path.Combine(_layers.Folder, "layout", "blobs"), recursive: true);

    public async ValueTask DisposeAsync() => await _layers.DisposeAsync();
}
