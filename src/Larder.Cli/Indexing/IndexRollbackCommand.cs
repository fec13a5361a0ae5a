using System.CommandLine;
using Larder.Cli.Output;
using Larder.Indexer.State;
using Larder.Node.Indexing;

namespace Larder.Cli.Indexing;

/// <summary><c>larder index rollback</c>: takes the last blocks back.</summary>
internal static class IndexRollbackCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("rollback", "Make an earlier block the last one: what came after it is as if it had never been.")
        {
            Examples =
            [
                ("larder index rollback --dir idx --height 839990", "the state is what it was after that block"),
                ("larder index rollback --dir idx --all", "an empty index of the same module"),
            ],
        };
        var directory = IndexDirectoryOption.Create();
        var height = new Option<uint?>("--height") { Description = "Height of the block that is to be the last.", HelpName = "HEIGHT" };
        var all = new Option<bool>("--all") { Description = "Take all blocks back." };
        command.Options.Add(directory);
        command.Options.Add(height);
        command.Options.Add(all);
        command.SetAction(parsed =>
        {
            var to = parsed.GetValue(height);
            if (to is null != parsed.GetValue(all))
            {
                throw CommandException.Usage("Say --height HEIGHT, or --all.");
            }

            var opened = IndexDirectory.Open(parsed.GetRequiredValue(directory));
            using var store = IndexStore.Open(opened.StateDirectory, opened.Settings.ToStoreOptions());
            var before = store.Tip?.Height;
            if (to is { } target)
            {
                store.Rollback(target);
            }
            else
            {
                store.RollbackAll();
            }

            var taken = before is { } old ? old - (store.Tip is { } now ? now.Height : (long)old + 1) : 0;
            terminal.Say(store.Tip is { } tip
                ? $"{Format.Count(taken, "block", "blocks")} taken back; the tip is block {tip.Height}, root {tip.Root}"
                : "All blocks are taken back; the index is empty.");
            return ExitCodes.Ok;
        });
        return command;
    }
}
