using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Fuse;

/// <summary>The sample that shows a directory in a second place, in a process of its own. Ended and unmounted at the end.</summary>
internal sealed partial class MirrorProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly StringBuilder _log = new();

    private MirrorProcess(Process process, string mountPoint)
    {
        _process = process;
        MountPoint = mountPoint;
    }

    public static string Assembly { get; } = Path.Combine(
        BuiltTool.Root, "artifacts", "bin", "Larder.Samples.Mirror", new DirectoryInfo(AppContext.BaseDirectory).Name,
        "Larder.Samples.Mirror.dll");

    public string MountPoint { get; }

    /// <summary>What it wrote so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>The process that serves now, which is a child of the keeper's if there is one.</summary>
    public int ServingProcess => int.Parse(
        Serving().Matches(Log).Last().Groups["process"].Value, CultureInfo.InvariantCulture);

    /// <summary>How often a process has begun to serve.</summary>
    public int Servings => Serving().Count(Log);

    public bool HasExited => _process.HasExited;

    /// <summary>Skips the test where nothing can be mounted; where everything must run that is a failure.</summary>
    public static void Require(params string[] programs)
    {
        Tools.Require(["find", "sha256sum", "bash", "python3", .. programs]);
        var problem = !File.Exists("/dev/fuse") ? "There is no /dev/fuse here."
            : !Environment.IsPrivilegedProcess ? "Mounting needs root." : null;
        Assert.False(problem is not null && Tools.MustRun, problem);
        Assert.SkipUnless(problem is null, problem ?? string.Empty);
    }

    public static async Task<MirrorProcess> StartAsync(string source, string mountPoint, params string[] options)
    {
        if (!IsMountedOn(mountPoint))
        {
            Directory.CreateDirectory(mountPoint);
        }

        var start = new ProgramStart("dotnet", [Assembly, source, mountPoint, .. options]);
        var mirror = new MirrorProcess(start.Start(), mountPoint);
        mirror._process.OutputDataReceived += mirror.Append;
        mirror._process.ErrorDataReceived += mirror.Append;
        mirror._process.BeginOutputReadLine();
        mirror._process.BeginErrorReadLine();
        await mirror.WaitAsync(() => mirror.Servings > 0, "served");

        return mirror;
    }

    /// <summary>Runs it to its end, for starts that are refused.</summary>
    public static Task<ProgramRun> RunAsync(params string[] arguments) =>
        ProgramRun.OfAsync(new ProgramStart("dotnet", [Assembly, .. arguments]));

    /// <summary>Waits until something is so, and fails when the process ends before.</summary>
    public async Task WaitAsync(Func<bool> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (_process.HasExited || clock.Elapsed > Patience)
            {
                await Task.Delay(200, CancellationToken.None); // The last lines may be on their way.
                if (condition())
                {
                    return;
                }

                Assert.Fail($"It has not {what} after {clock.Elapsed}:\n{Log}");
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Ends the serving process on the spot.</summary>
    public void KillServing()
    {
        using var serving = Process.GetProcessById(ServingProcess);
        serving.Kill();
    }

    /// <summary>Asks it to end, and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync();

        return await WaitForExitAsync();
    }

    public async Task SignalAsync() => (await ProgramRun.OfAsync(
        new ProgramStart("kill", "-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)))).Succeeded();

    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(Patience, CancellationToken.None);

        return _process.ExitCode;
    }

    public bool IsMounted() => IsMountedOn(MountPoint);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        while (IsMounted() && (await ProgramRun.OfAsync(new ProgramStart("umount", "-l", MountPoint))).ExitCode == 0)
        {
        }

        _process.Dispose();
    }

    private static bool IsMountedOn(string mountPoint) => File.ReadLines("/proc/self/mountinfo").Any(line => line.Contains($" {mountPoint} ", StringComparison.Ordinal));

    private void Append(object sender, DataReceivedEventArgs line)
    {
        lock (_log)
        {
            _log.AppendLine(line.Data);
        }
    }

    [GeneratedRegex(@"^serving .* by process (?<process>\d+)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Serving();
}
