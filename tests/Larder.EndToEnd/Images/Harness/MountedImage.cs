using System.Diagnostics;
using System.Text.Json;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Images.Harness;

/// <summary>An image that <c>larder mount</c> has mounted, with a cache and a place for its state of its own.</summary>
internal sealed class MountedImage : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private IReadOnlyDictionary<string, string?> _environment = new Dictionary<string, string?>();

    private MountedImage(string? cache) => Cache = cache ?? _directory["cache"];

    /// <summary>Where it is mounted.</summary>
    public string Root => _directory["mnt"];

    /// <summary>The cache directory.</summary>
    public string Cache { get; }

    /// <summary>What <c>larder mount --json</c> printed.</summary>
    public JsonElement Status { get; private set; }

    /// <summary>Mounts, in the background.</summary>
    /// <param name="reference">The image.</param>
    /// <param name="cache">A cache directory to share; null for a new one.</param>
    /// <param name="options">Further options of <c>larder mount</c>.</param>
    public static Task<MountedImage> MountAsync(string reference, string? cache = null, params string[] options) =>
        MountAsync(new Dictionary<string, string?>(), reference, cache, options);

    /// <summary>Mounts with variables of the environment.</summary>
    public static Task<MountedImage> MountWithAsync(IReadOnlyDictionary<string, string?> environment, string reference) =>
        MountAsync(environment, reference, null, []);

    private static async Task<MountedImage> MountAsync(
        IReadOnlyDictionary<string, string?> environment, string reference, string? cache, string[] options)
    {
        Require();
        var image = new MountedImage(cache) { _environment = environment };
        try
        {
            var run = await image.RunAsync(["mount", reference, image.Root, "--cache-dir", image.Cache, "--json", .. options]);
            image.Status = JsonDocument.Parse(run.Succeeded().Text).RootElement.Clone();
            return image;
        }
        catch
        {
            await image.DisposeAsync();
            throw;
        }
    }

    /// <summary>Skips where nothing can be mounted.</summary>
    public static void Require()
    {
        Tools.Require("setsid");
        if (Environment.UserName != "root" || !File.Exists("/dev/fuse"))
        {
            const string Reason = "Mounting needs root and /dev/fuse.";
            Assert.SkipUnless(Tools.MustRun, Reason);
            Assert.Fail(Reason);
        }
    }

    /// <summary>Runs <c>larder</c> with this mount's places.</summary>
    public Task<ProgramRun> RunAsync(params string[] arguments)
    {
        Directory.CreateDirectory(_directory["run"]);
        return BuiltTool.RunAsync(
            new ProgramStart("dotnet")
            {
                Timeout = TimeSpan.FromMinutes(10),
                Environment = new Dictionary<string, string?>(_environment)
                {
                    ["XDG_RUNTIME_DIR"] = _directory["run"],
                    ["XDG_CACHE_HOME"] = _directory["home"],
                },
            },
            arguments);
    }

    /// <summary>What <c>larder mounts</c> says of it now.</summary>
    public async Task<JsonElement> LookAsync()
    {
        var run = await RunAsync("mounts", "--json");
        return JsonDocument.Parse(run.Succeeded().Text).RootElement.EnumerateArray()
            .First(mount => mount.GetProperty("mountPoint").GetString() == Root).Clone();
    }

    /// <summary>The process that serves it now.</summary>
    public async Task<int> ProcessAsync() => (await LookAsync()).GetProperty("processId").GetInt32();

    /// <summary>What its processes had to say.</summary>
    public string Log() => string.Concat(Directory.EnumerateFiles(Path.Combine(_directory["run"], "larder", "mounts"), "*.log").Select(File.ReadAllText));

    /// <summary>Where keepers listen, or have listened.</summary>
    public string[] Sockets() => Directory.GetFiles(Path.Combine(_directory["run"], "larder", "mounts"), "*.socket.*");

    /// <summary>Whether the kernel's table has it.</summary>
    public bool IsMounted() => File.ReadAllText("/proc/self/mountinfo").Contains($" {Root} ", StringComparison.Ordinal);

    /// <summary>Sends a signal to a process.</summary>
    public static async Task SignalAsync(string signal, int process) =>
        (await ProgramRun.OfAsync(new ProgramStart("kill", $"-{signal}", $"{process}"))).Succeeded();

    /// <summary>Waits until something holds; fails after a minute.</summary>
    public static async Task WaitAsync(string what, Func<bool> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"Not within a minute: {what}.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsMounted())
        {
            await RunAsync("unmount", "--lazy", Root);
        }

        Assert.False(IsMounted());
        _directory.Dispose();
    }
}
