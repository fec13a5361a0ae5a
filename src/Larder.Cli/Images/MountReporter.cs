using System.Text.Json;
using Larder.Cli.Output;
using Larder.Oci.Layers;
using Larder.Oci.Mounting;

namespace Larder.Cli.Images;

/// <summary>Tells whoever waits for a mount how far it is: as JSON lines for the command that started it, or for people.</summary>
internal sealed class MountReporter(Terminal terminal, MountRequest request)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Opens the image, and reports what is waited for.</summary>
    public async Task<OpenedImage> FollowAsync(ImageSession session, string reference, CancellationToken cancellationToken)
    {
        Report(new MountReport("working", "finding the image"));
        var opening = session.OpenImageAsync(reference, cancellationToken);
        while (await Task.WhenAny(opening, Task.Delay(Interval, cancellationToken)).ConfigureAwait(false) != opening)
        {
            // Layers whose index no tier has are read once; that is what takes time.
            LayerStatus[] reading = [.. session.Layers.GetStatuses().Where(static layer => layer.Activity != LayerActivity.Idle)];
            if (reading.Length > 0)
            {
                Report(new MountReport(
                    "working",
                    $"reading {Format.Count(reading.Length, "layer", "layers")}",
                    reading.Sum(static layer => layer.ReadBytes),
                    reading.Sum(static layer => layer.BlobBytes)));
            }
        }

        var image = await opening.ConfigureAwait(false);
        Report(new MountReport("working", "mounting"));
        return image;
    }

    /// <summary>The mount can be used.</summary>
    public void Ready(MountStatus status)
    {
        if (request.ReportsLines)
        {
            Report(new MountReport("ready", string.Empty, Status: status));
            return;
        }

        terminal.Say(Describe(status));
        terminal.Out.Flush();
    }

    /// <summary>There will be no mount.</summary>
    public void Failed(string what, int exitCode) => Report(new MountReport("failed", what, ExitCode: exitCode));

    /// <summary>One line about a mount that is ready.</summary>
    public static string Describe(MountStatus status) =>
        $"{status.MountPoint}: {status.Reference}, {Format.Count(status.Nodes)} files and directories, {Format.Bytes(status.FileBytes)}"
        + (status.Passthrough ? string.Empty : "; without passthrough");

    private void Report(MountReport report)
    {
        if (!request.ReportsLines)
        {
            return;
        }

        try
        {
            terminal.Say(JsonSerializer.Serialize(report, ImageJson.Default.MountReport));
            terminal.Out.Flush();
        }
        catch (IOException)
        {
            // Whoever waited has gone: this process was started again later.
        }
    }
}
