using System.CommandLine;
using System.Diagnostics;
using Larder.Cache.Artifacts;
using Larder.Cli.Output;
using Larder.Cli.Stores;

namespace Larder.Cli.Commands;

/// <summary><c>larder scrub</c>: reads everything again and sets aside what is damaged.</summary>
internal static class ScrubCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand(
            "scrub", "Read everything on disk again and set aside what is damaged. Exits with 4 when something was.")
        {
            Examples =
            [
                ("larder scrub", "through the node that runs"),
                ("larder scrub --data ~/.cache/larder --kind ccache", "one kind in a directory"),
            ],
        };
        var kind = new Option<string?>("--kind", "-k") { Description = "Only this kind.", HelpName = "KIND" };
        command.Options.Add(kind);
        var target = TargetOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = target.Json(parsed);
            ArtifactKind? only = parsed.GetValue(kind) is { } name ? NameOptions.ParseKind(name) : null;
            var store = await target.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            await using (store.ConfigureAwait(false))
            {
                return await RunAsync(terminal, store, only, json, cancellationToken).ConfigureAwait(false);
            }
        });
        return command;
    }

    public static async Task<int> RunAsync(
        Terminal terminal, IArtifactStore store, ArtifactKind? kind, bool json, CancellationToken cancellationToken)
    {
        var statistics = await store.GetStatisticsAsync(cancellationToken).ConfigureAwait(false);
        var disk = statistics.Tiers.FirstOrDefault(static tier => tier.Tier == TierKind.Disk);
        var total = kind is null
            ? disk?.Entries ?? -1
            : disk?.Kinds.FirstOrDefault(of => of.Kind == kind.Value.Name)?.Entries ?? -1;
        var clock = Stopwatch.StartNew();
        var result = await TransferProgress.EntriesAsync(terminal, "reading", total, progress =>
            store.ScrubAsync(kind, new EntryProgress(progress), cancellationToken)).ConfigureAwait(false);
        if (json)
        {
            CliJson.Write(terminal, result, CliJson.Default.ScrubResult);
        }
        else
        {
            terminal.Say(
                $"{Format.Count(result.Entries, "entry", "entries")} of {Format.Bytes(result.Bytes)} read in "
                + $"{Format.Duration(clock.Elapsed)}; {(result.Damaged == 0 ? "none" : Format.Count(result.Damaged))} damaged.");
        }

        if (result.Damaged == 0)
        {
            return ExitCodes.Ok;
        }

        terminal.Warn($"{Format.Count(result.Damaged, "damaged entry was", "damaged entries were")} set aside in {store.Description}; "
            + "whoever asks for them makes them again.");
        return ExitCodes.Damaged;
    }

    private sealed class EntryProgress : IProgress<ScrubResult>
    {
        private readonly IProgress<long> _entries;

        public EntryProgress(IProgress<long> entries) => _entries = entries;

        public void Report(ScrubResult value) => _entries.Report(value.Entries);
    }
}
