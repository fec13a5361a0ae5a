using System.CommandLine;
using Larder.Cli.Handlers;
using Larder.Cli.Output;
using Larder.Indexer.State;
using Larder.Node.Indexing;

namespace Larder.Cli.Indexing;

/// <summary><c>larder index verify</c>: computes roots anew and holds what is stored against itself.</summary>
internal static class IndexVerifyCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "verify", "Compute the roots again from all values, and check every record. Exits with 4 when something is wrong.")
        {
            Examples = [("larder index verify --dir idx", "also while the index runs")],
        };
        var directory = IndexDirectoryOption.Create();
        var json = IndexDirectoryOption.Json();
        command.Options.Add(directory);
        command.Options.Add(json);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var opened = IndexDirectory.Open(parsed.GetRequiredValue(directory));
            using var store = IndexStore.OpenReadOnly(opened.StateDirectory, new IndexStoreOptions());
            var total = store.GetStatistics().Keys;
            var report = await TransferProgress.EntriesAsync(terminal, "verifying", total, progress => Task.Run(
                () => store.Verify(new KeyProgress(progress), cancellationToken), cancellationToken)).ConfigureAwait(false);
            if (parsed.GetValue(json))
            {
                terminal.Say(System.Text.Encoding.UTF8.GetString(HandlerCallJson.Write(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteBoolean("sound"u8, report.IsSound);
                    writer.WriteNumber("blocks"u8, report.Blocks);
                    writer.WriteNumber("keys"u8, report.Keys);
                    writer.WriteNumber("oldVersions"u8, report.OldVersions);
                    writer.WriteNumber("undoEntries"u8, report.UndoEntries);
                    writer.WriteStartArray("problems"u8);
                    foreach (var problem in report.Problems)
                    {
                        writer.WriteStringValue(problem);
                    }

                    writer.WriteEndArray();
                    writer.WriteEndObject();
                }).Span));
            }
            else
            {
                terminal.Say(
                    $"{Format.Count(report.Keys, "key", "keys")} and {Format.Count(report.OldVersions, "older version", "older versions")} of "
                    + $"{Format.Count(report.Blocks, "block", "blocks")} read; {(report.IsSound ? "all is sound" : "the index is damaged")}.");
            }

            foreach (var problem in report.Problems)
            {
                terminal.Warn(problem);
            }

            return report.IsSound ? ExitCodes.Ok : ExitCodes.Damaged;
        });
        return command;
    }

    private sealed class KeyProgress(IProgress<long> keys) : IProgress<StoreProgress>
    {
        public void Report(StoreProgress value) => keys.Report(value.Done);
    }
}
