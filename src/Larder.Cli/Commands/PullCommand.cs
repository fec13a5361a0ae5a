using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Images;
using Larder.Cli.Output;
using Larder.Oci.References;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Commands;

/// <summary><c>larder pull</c>: brings an image to this machine as a whole, every byte verified.</summary>
internal static class PullCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("pull", "Bring a container image to this machine, every byte verified.")
        {
            Examples =
            [
                ("larder pull debian:12", "all layers; what is here already is not fetched again"),
                ("larder pull ghcr.io/me/app:2 --username me --password-stdin < token", "from a registry that wants to know who asks"),
                ("larder pull app:2 --mirror docker.io=https://mirror.example", "by way of a mirror"),
                ("larder pull app:2 --dry-run --json", "what would be fetched: digests, layers, sizes"),
            ],
        };
        var reference = ImageOptions.Reference();
        var dryRun = new Option<bool>("--dry-run") { Description = "Find the image and its layers, and fetch none." };
        var json = new Option<bool>("--json") { Description = "Print what was done as JSON." };
        command.Arguments.Add(reference);
        command.Options.Add(dryRun);
        command.Options.Add(json);
        var images = ImageOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var loggers = new StandardErrorLogging(terminal, LogLevel.Error);
            var session = await ImageSession.OpenAsync(images.Read(parsed), loggers, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                var (source, image) = await session.ResolveAsync(ImageReference.Parse(parsed.GetRequiredValue(reference)), cancellationToken)
                    .ConfigureAwait(false);
                if (image.IsPinned)
                {
                    terminal.Warn($"{image.Reference.Registry} cannot be reached; the tag stands for what it stood for last time.");
                }

                var report = parsed.GetValue(dryRun)
                    ? PullReport.Of(image)
                    : await ImagePull.RunAsync(terminal, session, source, image, cancellationToken).ConfigureAwait(false);
                terminal.Say(parsed.GetValue(json) ? JsonSerializer.Serialize(report, ImageJson.Indented.PullReport) : Describe(report));
                return ExitCodes.Ok;
            }
        });
        return command;
    }

    private static string Describe(PullReport report)
    {
        var what = $"{report.Reference} ({report.Platform}) is {report.Digest}: {Format.Count(report.Layers.Count, "layer", "layers")}, {Format.Bytes(report.BlobBytes)}";
        return report.Seconds == 0
            ? what + "."
            : $"{what}; {Format.Bytes(report.SourceBytes)} came from the source"
                + (report.RemoteBytes == 0 ? string.Empty : $", {Format.Bytes(report.RemoteBytes)} from the remote tier")
                + $", in {Format.Duration(TimeSpan.FromSeconds(report.Seconds))}.";
    }
}
