using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Larder.Cli.Images;
using Larder.Cli.Output;

namespace Larder.Cli.Commands;

/// <summary><c>larder images</c>: what tags stood for when they were looked up last.</summary>
internal static class ImagesCommand
{
    private const int ShownDigestLength = 19;

    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("images", "List the images that were used, and what their tags stood for.")
        {
            Examples =
            [
                ("larder images", "the newest first; these can be mounted while their registry is away, if their layers are here"),
                ("larder images --json", "for a program, with whole digests"),
            ],
        };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Options.Add(json);
        var images = ImageOptions.AddCacheTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var pins = await ImageSession.PinsOf(images.ReadCacheDirectory(parsed)).ListAsync(cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(json))
            {
                terminal.Say(JsonSerializer.Serialize([.. pins], ImageJson.Indented.TagPinArray));
                return ExitCodes.Ok;
            }

            var columns = new Columns("IMAGE", "PLATFORM", "DIGEST", ">LAYERS", ">SIZE", "LOOKED UP");
            foreach (var pin in pins)
            {
                columns.Add(
                    pin.Reference,
                    pin.Platform,
                    pin.Digest.Length > ShownDigestLength ? pin.Digest[..ShownDigestLength] : pin.Digest,
                    pin.Layers.ToString(CultureInfo.InvariantCulture),
                    Format.Bytes(pin.Bytes),
                    Format.Moment(pin.At));
            }

            columns.Write(terminal);
            return ExitCodes.Ok;
        });
        return command;
    }
}
