using System.Globalization;
using System.Text;
using System.Text.Json;
using Larder.Cli.Output;
using Larder.Oci.Indexes;
using Larder.Oci.Merging;
using Larder.Oci.Mounting;

namespace Larder.Cli.Images;

/// <summary>Writes the paths of an image, each directory before what is in it.</summary>
internal sealed class TreeListing(Terminal terminal, ImageTree tree, bool json)
{
    /// <summary>Writes a node and what is below it.</summary>
    /// <param name="node">Where to begin.</param>
    /// <param name="depth">How many directories to go down.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public void Write(int node, int depth, CancellationToken cancellationToken)
    {
        var pending = new Stack<(int Node, byte[] Path, int Depth)>();
        pending.Push((node, ImagePaths.Of(tree, node), 0));
        while (pending.TryPop(out var at))
        {
            cancellationToken.ThrowIfCancellationRequested();
            WriteLine(at.Node, at.Path);
            for (var position = at.Depth < depth ? tree.GetEntryCount(at.Node) - 1 : -1; position >= 0; position--)
            {
                var name = tree.GetEntry(at.Node, position, out var child);
                byte[] path = at.Path.Length == 1 ? [(byte)'/', .. name] : [.. at.Path, (byte)'/', .. name];
                pending.Push((child, path, at.Depth + 1));
            }
        }
    }

    private void WriteLine(int number, byte[] path)
    {
        ref readonly var node = ref tree.GetNode(number);
        var target = node.Type == LayerEntryType.Symlink ? Printable(tree.GetTarget(number)) : null;
        var isDevice = node.Type is LayerEntryType.CharacterDevice or LayerEntryType.BlockDevice;
        var device = isDevice ? string.Create(CultureInfo.InvariantCulture, $"{node.DeviceMajor}:{node.DeviceMinor}") : null;
        if (json)
        {
            var line = new TreeLine
            {
                Path = Printable(path),
                Type = TypeWord(node.Type),
                Mode = Convert.ToString(node.Mode, 8).PadLeft(4, '0'),
                UserId = node.UserId,
                GroupId = node.GroupId,
                Size = node.Type == LayerEntryType.Directory ? 0 : node.Size,
                Modified = Time(node, "yyyy-MM-dd'T'HH:mm:ss'Z'"),
                Links = node.LinkCount,
                Layer = node.Layer,
                Target = target,
                Device = device,
            };
            terminal.Say(JsonSerializer.Serialize(line, ImageJson.Default.TreeLine));
            return;
        }

        var size = device ?? (node.Type == LayerEntryType.Directory ? "–" : Format.Bytes(node.Size));
        var owner = string.Create(CultureInfo.InvariantCulture, $"{node.UserId}:{node.GroupId}");
        terminal.Say($"{TypeLetter(node.Type)}{Permissions(node.Mode)} {owner,11} {size,10}  {Time(node, "yyyy-MM-dd HH:mm")}  {LayerText(node.Layer),3}  {Printable(path)}{(target is null ? "" : $" -> {target}")}");
    }

    private static string LayerText(int layer) => layer < 0 ? "–" : layer.ToString(CultureInfo.InvariantCulture);

    // Times outside of the calendar's years are shown as seconds.
    private static string Time(in ImageNode node, string format) =>
        node.ModifiedSeconds is > -62_135_596_800 and < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(node.ModifiedSeconds).ToString(format, CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{node.ModifiedSeconds} s");

    private static string Printable(ReadOnlySpan<byte> text)
    {
        var shown = Encoding.UTF8.GetString(text);
        return shown.Any(char.IsControl) ? string.Concat(shown.Select(static letter => char.IsControl(letter) ? '?' : letter)) : shown;
    }

    private static string TypeWord(LayerEntryType type) => type switch
    {
        LayerEntryType.Directory => "directory",
        LayerEntryType.Symlink => "symlink",
        LayerEntryType.CharacterDevice => "character-device",
        LayerEntryType.BlockDevice => "block-device",
        LayerEntryType.Fifo => "fifo",
        _ => "file",
    };

    private static char TypeLetter(LayerEntryType type) => type switch
    {
        LayerEntryType.Directory => 'd',
        LayerEntryType.Symlink => 'l',
        LayerEntryType.CharacterDevice => 'c',
        LayerEntryType.BlockDevice => 'b',
        LayerEntryType.Fifo => 'p',
        _ => '-',
    };

    private static string Permissions(int mode) => string.Create(9, mode, static (text, mode) =>
    {
        for (var bit = 0; bit < 9; bit++)
        {
            text[bit] = (mode & (256 >> bit)) != 0 ? "rwx"[bit % 3] : '-';
        }

        ReadOnlySpan<(int Bit, int Place, char Letter)> special = [(2_048, 2, 's'), (1_024, 5, 's'), (512, 8, 't')];
        foreach (var (bit, place, letter) in special)
        {
            if ((mode & bit) != 0)
            {
                text[place] = text[place] == 'x' ? letter : char.ToUpperInvariant(letter);
            }
        }
    });
}
