using System.CommandLine;
using System.Text;
using System.Text.Json;
using Larder.Cli.Images;
using Larder.Cli.Output;
using Larder.Oci.Merging;
using Larder.Oci.Mounting;
using Microsoft.Extensions.Logging;

namespace Larder.Cli.Commands;

/// <summary><c>larder prefetch</c>: brings files of an image to this node before a program asks for them.</summary>
internal static class PrefetchCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("prefetch", "Bring files of an image to this machine before a program asks for them.")
        {
            Examples =
            [
                ("larder prefetch app:2 --recorded start", "what 'larder mount app:2 DIR --record start' noted"),
                ("larder prefetch app:2 --list files.txt", "paths, one a line; '-' is standard input"),
                ("larder prefetch app:2 --all", "everything, so that no network is needed any more"),
            ],
        };
        var reference = ImageOptions.Reference();
        var list = new Option<string?>("--list") { Description = "A file of paths, one a line; '-' is standard input. A directory stands for all in it.", HelpName = "FILE" };
        var recorded = new Option<string?>("--recorded") { Description = "What a mount noted under this name.", HelpName = "NAME" };
        var all = new Option<bool>("--all") { Description = "Every file." };
        var json = new Option<bool>("--json") { Description = "Print what was done as JSON." };
        command.Arguments.Add(reference);
        foreach (var option in (Option[])[list, recorded, all, json])
        {
            command.Options.Add(option);
        }

        var images = ImageOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if ((parsed.GetValue(list) is null ? 0 : 1) + (parsed.GetValue(recorded) is null ? 0 : 1) + (parsed.GetValue(all) ? 1 : 0) != 1)
            {
                throw CommandException.Usage("Say what to bring: one of --list FILE, --recorded NAME and --all.");
            }

            using var loggers = new StandardErrorLogging(terminal, LogLevel.Error);
            var session = await ImageSession.OpenAsync(images.Read(parsed), loggers, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                var image = await session.OpenImageAsync(parsed.GetRequiredValue(reference), cancellationToken).ConfigureAwait(false);
                var (nodes, missing) = parsed.GetValue(all)
                    ? ([.. ImagePrefetch.FilesOf(image.Tree)], 0)
                    : Find(image.Tree, await PathsAsync(terminal, session, image, parsed.GetValue(list), parsed.GetValue(recorded), cancellationToken).ConfigureAwait(false));
                var report = await RunAsync(terminal, image, nodes, missing, cancellationToken).ConfigureAwait(false);
                terminal.Say(parsed.GetValue(json) ? JsonSerializer.Serialize(report, ImageJson.Indented.PrefetchReport) : Describe(report));
                return ExitCodes.Ok;
            }
        });
        return command;
    }

    private static string Describe(PrefetchReport report) =>
        $"{Format.Count(report.Files, "file", "files")} in {Format.Count(report.Objects, "object", "objects")} of {Format.Bytes(report.Bytes)} are here; "
        + $"{Format.Count(report.FetchedObjects)} of {Format.Bytes(report.FetchedBytes)} were fetched."
        + (report.Missing == 0 ? string.Empty : $" {Format.Count(report.Missing, "path is", "paths are")} not in the image.");

    private static async Task<PrefetchReport> RunAsync(
        Terminal terminal, OpenedImage image, List<int> nodes, int missing, CancellationToken cancellationToken)
    {
        var objects = ImagePrefetch.ObjectsOf(image.Tree, nodes);
        var bytes = objects.Sum(number => image.Tree.Objects[number].Value.Length);
        var fetched = await TransferProgress.BytesAsync(
            terminal,
            "fetching",
            bytes,
            progress => ImagePrefetch.RunAsync(image.Content, objects, progress, cancellationToken)).ConfigureAwait(false);
        return new PrefetchReport(nodes.Count, missing, objects.Count, bytes, fetched.Objects, fetched.Bytes);
    }

    private static async Task<IReadOnlyList<byte[]>> PathsAsync(
        Terminal terminal, ImageSession session, OpenedImage image, string? list, string? recorded, CancellationToken cancellationToken)
    {
        if (recorded is not null)
        {
            return await RecordedFiles.LoadAsync(session.Cache, image.Image.Reference, recorded, cancellationToken).ConfigureAwait(false)
                ?? throw CommandException.NotFound($"Nothing was recorded under '{recorded}' for this image; 'larder mount --record {recorded}' does.");
        }

        using var reader = list == "-" ? new StreamReader(terminal.Input) : new StreamReader(list!); // Not null: one of the two is given.
        var paths = new List<byte[]>();
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.Length > 0)
            {
                paths.Add(Encoding.UTF8.GetBytes(line));
            }
        }

        return paths;
    }

    private static (List<int> Nodes, int Missing) Find(ImageTree tree, IReadOnlyList<byte[]> paths)
    {
        var nodes = new List<int>();
        var missing = 0;
        foreach (var path in paths)
        {
            var node = ImagePaths.Find(tree, path);
            missing += node == 0 ? 1 : 0;
            AddBelow(tree, node, nodes);
        }

        return (nodes, missing);
    }

    private static void AddBelow(ImageTree tree, int node, List<int> nodes)
    {
        if (node == 0)
        {
            return;
        }

        var pending = new Stack<int>([node]);
        while (pending.TryPop(out var at))
        {
            if (tree.GetNode(at).Type == Oci.Indexes.LayerEntryType.File)
            {
                nodes.Add(at);
            }

            for (var position = tree.GetEntryCount(at) - 1; position >= 0; position--)
            {
                _ = tree.GetEntry(at, position, out var child);
                pending.Push(child);
            }
        }
    }
}
