using System.CommandLine;
using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Node.Indexing;

namespace Larder.Cli.Indexing;

/// <summary><c>larder index preview</c>: a view on what a block would make, and nothing is kept.</summary>
internal static class IndexPreviewCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("preview", "Run a block on top of a state, and a view on what comes of it. Nothing is kept.")
        {
            Examples =
            [
                ("larder index preview next.hex balance 0x0a0b0c --dir idx", "on top of the last block"),
                ("larder index preview next.hex balance 0x0a0b0c --dir idx --height 840000", "on top of an earlier one"),
            ],
        };
        var file = new Argument<string>("block") { Description = "A file with the block, raw or hex; - for standard input, hex." };
        var name = new Argument<string>("view") { Description = "Name of the view." };
        var input = new ViewInput(command, file, name);
        var directory = IndexDirectoryOption.Create();
        var height = IndexDirectoryOption.Height();
        command.Options.Add(directory);
        command.Options.Add(height);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var bytes = await input.ReadAsync(terminal, parsed, cancellationToken).ConfigureAwait(false);
            var opened = IndexDirectory.Open(parsed.GetRequiredValue(directory));
            var block = await ReadBlockAsync(terminal, parsed.GetRequiredValue(file), opened.Settings, cancellationToken).ConfigureAwait(false);
            using var index = BlockIndexer.Open(opened.ToOptions(readOnly: true));
            var result = await index.PreviewAsync(block, parsed.GetRequiredValue(name), bytes, parsed.GetValue(height), cancellationToken).ConfigureAwait(false);
            input.Write(terminal, parsed, result);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBlockAsync(Terminal terminal, string path, IndexSettings settings, CancellationToken cancellationToken)
    {
        var options = settings.ToSourceOptions();
        IBlockSource source = path == "-"
            ? new StreamBlockSource(terminal.Input, "standard input", options)
            : BlockSources.Open([path], options, cancellationToken: cancellationToken);
        await using (source.ConfigureAwait(false))
        {
            await foreach (var block in source.ReadAsync(null, cancellationToken).ConfigureAwait(false))
            {
                block.Identify(options.Format);
                return block.Bytes;
            }
        }

        throw CommandException.NotFound($"There is no block in '{path}'.");
    }
}
