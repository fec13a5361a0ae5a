using System.CommandLine;
using Larder.Indexer.State;
using Larder.Node.Indexing;

namespace Larder.Cli.Indexing;

/// <summary><c>larder index prune</c>: forgets old heights.</summary>
internal static class IndexPruneCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("prune", "Forget the state of old heights: they can no longer be read nor rolled back to.")
        {
            Examples = [("larder index prune --dir idx --below 830000", "830000 is the lowest height afterwards")],
        };
        var directory = IndexDirectoryOption.Create();
        var below = new Option<uint>("--below") { Description = "The lowest height that is kept.", HelpName = "HEIGHT", Required = true };
        var compact = new Option<bool>("--compact") { Description = "Give the room back to the disk at once; takes a while." };
        command.Options.Add(directory);
        command.Options.Add(below);
        command.Options.Add(compact);
        command.SetAction((parsed, cancellationToken) =>
        {
            var opened = IndexDirectory.Open(parsed.GetRequiredValue(directory));
            using var store = IndexStore.Open(opened.StateDirectory, opened.Settings.ToStoreOptions());
            store.Prune(parsed.GetValue(below), cancellationToken);
            if (parsed.GetValue(compact))
            {
                store.Compact();
            }

            terminal.Say($"The index has heights {store.LowestHeight} to {store.Tip?.Height}.");
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }
}
