namespace Larder.Tests.Oci.Support;

/// <summary>A directory of its own for one test; gone afterwards.</summary>
public sealed class TestFolder : IDisposable
{
    public TestFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"larder-oci-{Guid.NewGuid():N}");

    /// <summary>A path inside of it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
