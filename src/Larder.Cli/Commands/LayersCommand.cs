using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Images;
using Larder.Cli.Output;
using Larder.Fuse;

namespace Larder.Cli.Commands;

/// <summary><c>larder layers</c>: what a mount read of each layer, and from where.</summary>
internal static class LayersCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("layers", "Show what a mount read of each layer, and where it came from.")
        {
            Examples = [("larder layers /mnt/app", "the lowest layer first"), ("larder layers /mnt/app --json", "for a program")],
        };
        var directory = new Argument<string>("directory") { Description = "Where the image is mounted." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(directory);
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var path = FuseMounts.Resolve(parsed.GetRequiredValue(directory));
            var mount = new MountRegistry(terminal).List().FirstOrDefault(mount => mount.MountPoint == path)
                ?? throw CommandException.NotFound($"No image is mounted on {path}; 'larder mounts' lists them.");
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

    private static string State(LayerFigures layer) =>
        layer.Activity == "importing" ? $"{Format.Ratio(layer.BlobBytesRead, layer.BlobBytes)} read"
        : layer.Activity == "queued" ? "queued"
        : layer.IsFullyLocal ? "local"
        : layer.LastError is null ? "lazy" : "failing";
}
