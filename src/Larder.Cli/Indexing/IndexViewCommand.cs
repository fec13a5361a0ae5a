using System.CommandLine;
using Larder.Indexer;
using Larder.Node.Indexing;

namespace Larder.Cli.Indexing;

/// <summary><c>larder index view</c>: runs a view of the module on a state.</summary>
internal static class IndexViewCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("view", "Run a view of the module on the state after a block; also while the index runs.")
        {
            Examples =
            [
                ("larder index view balance 0x0a0b0c --dir idx", "on the last block; the result is hex"),
                ("larder index view balance --input request.bin --dir idx --height 840000 --raw > result.bin", "bytes in and out, at a height"),
                ("larder index view --dir idx", "list the views of the module"),
            ],
        };
        var name = new Argument<string?>("view") { Description = "Name of the view.", Arity = ArgumentArity.ZeroOrOne };
        var input = new ViewInput(command, name);
        var directory = IndexDirectoryOption.Create();
        var height = IndexDirectoryOption.Height();
        command.Options.Add(directory);
        command.Options.Add(height);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var bytes = await input.ReadAsync(terminal, parsed, cancellationToken).ConfigureAwait(false);
            using var index = BlockIndexer.Open(IndexDirectory.Open(parsed.GetRequiredValue(directory)).ToOptions(readOnly: true));
            if (parsed.GetValue(name) is not { } view)
            {
                foreach (var known in index.Module.Views)
                {
                    terminal.Say(known);
                }

                return ExitCodes.Ok;
            }

            input.Write(terminal, parsed, await index.ViewAsync(view, bytes, parsed.GetValue(height), cancellationToken).ConfigureAwait(false));
            return ExitCodes.Ok;
        });
        return command;
    }
}
