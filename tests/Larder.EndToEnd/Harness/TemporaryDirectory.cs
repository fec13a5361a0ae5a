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

                // Names that are not UTF-8, as images may have, are out of reach for this runtime.
                using var removal = System.Diagnostics.Process.Start("rm", ["-rf", "--one-file-system", "--", Root]);
                removal.WaitForExit();
                if (!Directory.Exists(Root))
                {
                    return;
                }
            }
        }
    }
}
