using System.Text.Json;
using Larder.Cli.Output;
using Larder.Oci.Layers;
using Larder.Oci.Mounting;
using Microsoft.Win32.SafeHandles;

namespace Larder.Cli.Images;

/// <summary>
/// Tells whoever waits for a mount how far it is: as JSON lines for the command that started it, or for people. A command that is
/// gone before its mount is ready wants none: then the mount is given up.
/// </summary>
internal sealed class MountReporter(Terminal terminal, MountRequest request) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    // Not the console's stream, which takes a reader that is gone for one that has read enough.
    private readonly FileStream? _lines = request.ReportsLines
        ? new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0)
        : null;

    /// <summary>Whether nobody waits any more: this process was started again later.</summary>
    public bool IsLate { get; set; }

    /// <summary>Opens the image, and reports what is waited for.</summary>
    public Task<OpenedImage> FollowAsync(ImageSession session, string reference, CancellationToken cancellationToken) => WaitAsync(
        new MountReport("working", "finding the image"),
        before => Reading(session) ?? before,
        stop => session.OpenImageAsync(reference, stop),
        cancellationToken);

    /// <summary>Reports what is waited for as long as it takes, and gives it up when nobody waits any more.</summary>
    /// <param name="first">What is told first.</param>
    /// <param name="next">What is told after that.</param>
    /// <param name="run">Begins what is waited for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<T> WaitAsync<T>(
        MountReport first, Func<MountReport, MountReport> next, Func<CancellationToken, Task<T>> run, CancellationToken cancellationToken)
    {
        var what = first;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = Task.Run(() => run(stop.Token), stop.Token);
        try
        {
            Report(what);
            while (await Task.WhenAny(running, Task.Delay(Interval, cancellationToken)).ConfigureAwait(false) != running)
            {
                cancellationToken.ThrowIfCancellationRequested();
                what = next(what);
                Report(what); // Also when there is no news: so it is noticed that nobody waits.
            }
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await running.ConfigureAwait(false);
    }

    /// <summary>The mount can be used.</summary>
    public void Ready(MountStatus status)
    {
        if (request.ReportsLines)
        {
            Report(new MountReport("ready", Describe(status), Status: JsonSerializer.SerializeToUtf8Bytes(status, ImageJson.Default.MountStatus)));
            return;
        }

        terminal.Say(Describe(status));
        terminal.Out.Flush();
    }

    /// <summary>There will be no mount.</summary>
    public void Failed(string what, int exitCode)
    {
        IsLate = true; // Nobody needs to hear of it.
        Report(new MountReport("failed", what, ExitCode: exitCode));
    }

    public void Dispose() => _lines?.Dispose();

    /// <summary>One line about a mount that is ready.</summary>
    public static string Describe(MountStatus status) =>
        $"{status.MountPoint}: {status.Reference}, {Format.Count(status.Nodes)} files and directories, {Format.Bytes(status.FileBytes)}"
        + (status.Passthrough ? string.Empty : "; without passthrough");

    // Layers whose index no tier has are read once; that is what takes time.
    private static MountReport? Reading(ImageSession session)
    {
        LayerStatus[] reading = [.. session.Layers.GetStatuses().Where(static layer => layer.Activity != LayerActivity.Idle)];
        return reading.Length == 0
            ? null
            : new MountReport(
                "working",
                $"reading {Format.Count(reading.Length, "layer", "layers")}",
                reading.Sum(static layer => layer.ReadBytes),
                reading.Sum(static layer => layer.BlobBytes));
    }

    private void Report(MountReport report)
    {
        try
        {
            _lines?.Write(report.Encode());
        }
        catch (IOException) when (IsLate)
        {
        }
        catch (IOException)
        {
            throw new CommandException(ExitCodes.Interrupted, "the command that asked for the mount ended before the mount was ready; it is given up.");
        }
    }
}
