using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Images.Harness;

/// <summary>The test images as umoci unpacks them, once for all tests of a class.</summary>
public sealed class UnpackedImages : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private TreeJudge? _app; // Guarded by _gate.
    private TreeJudge? _odd; // Guarded by _gate.

    /// <summary>The layout that has the images.</summary>
    internal string Layout { get; private set; } = string.Empty;

    /// <summary>The real image.</summary>
    internal Task<TreeJudge> AppAsync() => GetAsync("v1");

    /// <summary>The image of oddities.</summary>
    internal Task<TreeJudge> OddAsync() => GetAsync("odd");

    public void Dispose()
    {
        _directory.Dispose();
        _gate.Dispose();
    }

    private async Task<TreeJudge> GetAsync(string name)
    {
        var image = await AppImage.GetAsync();
        Layout = image.Layout;
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return name == "odd"
                ? _odd ??= await TreeJudge.UnpackAsync(image.Named(name), _directory[name])
                : _app ??= await TreeJudge.UnpackAsync(image.Named(name), _directory[name]);
        }
        finally
        {
            _gate.Release();
        }
    }
}
