namespace Larder.EndToEnd.Harness;

/// <summary>A new directory that goes away with everything in it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("larder-e2e-").FullName;

    /// <summary>A path below it.</summary>
    public string this[string name] => Path.Combine(Root, name);

    public void Dispose()
    {
        // What a killed compiler's parent still writes can race with the removal once.
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(Root, recursive: true);
                return;
            }
            catch (IOException) when (attempt < 20)
            {
                Thread.Sleep(100);
            }
        }
    }
}
