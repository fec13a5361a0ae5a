using System.CommandLine;
using System.Text.Json;
using Larder.Cli.Images;
using Larder.Cli.Output;

namespace Larder.Cli.Commands;

/// <summary><c>larder mounts</c>: the mounts of this user.</summary>
internal static class MountsCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("mounts", "List the images that are mounted.")
        {
            Examples = [("larder mounts", "where, what, and how much was read"), ("larder mounts --json", "for a program, with every layer")],
        };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Options.Add(json);
        command.SetAction(parsed =>
        {
            var mounts = new MountRegistry(terminal).List();
            if (parsed.GetValue(json))
            {
                terminal.Say(JsonSerializer.Serialize([.. mounts], ImageJson.Indented.MountStatusArray));
                return ExitCodes.Ok;
            }

            var columns = new Columns("DIRECTORY", "IMAGE", ">PROCESS", ">OPENS", ">BY KERNEL", ">READS", ">WAITING", ">FETCHED", "SINCE");
            foreach (var mount in mounts)
            {
                columns.Add(
                    mount.MountPoint,
                    mount.Reference,
                    mount.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    Format.Count(mount.Opens),
                    Format.Count(mount.PassthroughOpens),
                    Format.Count(mount.Reads),
                    Format.Count(mount.Waiting),
                    Format.Bytes(mount.Layers.Sum(static layer => layer.SourceBytes + layer.BytesFromRemote)),
                    Format.Moment(mount.Since));
            }

            columns.Write(terminal);
            return ExitCodes.Ok;
        });
        return command;
    }
}
