namespace Larder.EndToEnd.Harness;

/// <summary>A file system of a few hundred kilobytes. Skips the test where none can be mounted; in CI that is a failure.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static async Task<SmallDisk> MountAsync(string path, string size)
    {
        Directory.CreateDirectory(path);
        var run = await ProgramRun.OfAsync(new ProgramStart("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path));
        var problem = $"A small disk needs the right to mount one: {run.Error.Trim()}";
        Assert.False(run.ExitCode != 0 && Tools.MustRun, problem);
        Assert.SkipUnless(run.ExitCode == 0, problem);
        return new SmallDisk(path);
    }

    /// <summary>Takes what room is left.</summary>
    public void Fill()
    {
        try
        {
            using var file = File.Create(System.IO.Path.Combine(Path, "filler"));
            var block = new byte[4096];
            while (true)
            {
                file.Write(block);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full, as it should be.
        }
    }

    public async ValueTask DisposeAsync() => await ProgramRun.OfAsync(new ProgramStart("umount", "-l", Path));
}
