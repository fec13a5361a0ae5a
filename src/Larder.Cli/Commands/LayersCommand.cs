using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Images;
using Larder.Cli.Output;
using Larder.Fuse;
using Larder.Oci.Mounting;
using Larder.Oci.References;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Commands;

/// <summary><c>larder layers</c>: what a mount read of each layer, and from where.</summary>
internal static class LayersCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("layers", "Show what a mount read of each layer and from where, or the layers of an image.")
        {
            Examples =
            [
                ("larder layers /mnt/app", "of a mount: what was read, the lowest layer first"),
                ("larder layers debian:12", "of an image: digests, types, sizes"),
                ("larder layers /mnt/app --json", "for a program"),
            ],
        };
        var directory = new Argument<string>("target") { Description = "Where an image is mounted, or an image." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(directory);
        command.Options.Add(json);
        var images = ImageOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var target = parsed.GetRequiredValue(directory);
            var path = Path.GetFullPath(target);
            path = Directory.Exists(Path.GetDirectoryName(path)) ? FuseMounts.Resolve(path) : path;
            if (new MountRegistry(terminal).List().FirstOrDefault(mount => mount.MountPoint == path) is not { } mount)
            {
                // A directory is not an image: one that holds a layout is written oci:DIRECTORY.
                return Directory.Exists(path) || !ImageReference.TryParse(target, out var reference)
                    ? throw CommandException.NotFound($"No image is mounted on {path}; 'larder mounts' lists them.")
                    : await ShowImageAsync(terminal, images.Read(parsed), reference, parsed.GetValue(json), cancellationToken).ConfigureAwait(false);
            }

            if (parsed.GetValue(json))
            {
                terminal.Say(JsonSerializer.Serialize(mount, ImageJson.Indented.MountStatus));
                return ExitCodes.Ok;
            }

            var columns = new Columns("LAYER", ">BLOB", "STATE", ">READS", ">BYTES", ">FROM DISK", ">FROM REMOTE", ">FROM SOURCE", ">FAILED", ">WAITED", ">LONGEST");
            foreach (var layer in mount.Layers)
            {
                columns.Add(
                    layer.DiffId.Length > 19 ? layer.DiffId[7..19] : layer.DiffId,
                    Format.Bytes(layer.BlobBytes),
                    State(layer),
                    Format.Count(layer.Reads),
                    Format.Bytes(layer.BytesRead),
                    Format.Count(layer.OpenedFromDisk),
                    $"{Format.Count(layer.OpenedFromRemote)} ({Format.Bytes(layer.BytesFromRemote)})",
                    $"{Format.Count(layer.SourceRequests)} ({Format.Bytes(layer.SourceBytes)})",
                    Format.Count(layer.Failures),
                    Format.Duration(TimeSpan.FromMilliseconds(layer.WaitedMilliseconds)),
                    Format.Duration(TimeSpan.FromMilliseconds(layer.LongestWaitMilliseconds)));
            }

            columns.Write(terminal);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<int> ShowImageAsync(
        Terminal terminal, ImageSettings settings, ImageReference reference, bool json, CancellationToken cancellationToken)
    {
        using var loggers = new StandardErrorLogging(terminal, LogLevel.Error);
        var session = await ImageSession.OpenAsync(settings, loggers, cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            var (_, image) = await session.ResolveAsync(reference, cancellationToken).ConfigureAwait(false);
            var layers = PullReport.Of(image).Layers;
            if (json)
            {
                terminal.Say(JsonSerializer.Serialize([.. layers], ImageJson.Indented.LayerArray));
                return ExitCodes.Ok;
            }

            var columns = new Columns("LAYER", "BLOB", ">SIZE", "TYPE");
            foreach (var layer in layers)
            {
                columns.Add(layer.DiffId[7..19], layer.Digest[7..19], Format.Bytes(layer.Bytes), layer.MediaType);
            }

            columns.Write(terminal);
            return ExitCodes.Ok;
        }
    }

    private static string State(LayerFigures layer) =>
        layer.Activity == "importing" ? $"{Format.Ratio(layer.BlobBytesRead, layer.BlobBytes)} read"
        : layer.Activity == "queued" ? "queued"
        : layer.IsFullyLocal ? "local"
        : layer.LastError is null ? "lazy" : "failing";
}
