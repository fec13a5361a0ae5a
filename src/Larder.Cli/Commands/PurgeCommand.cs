using System.CommandLine;
using Larder.Cli.Output;
using Larder.Cli.Stores;

namespace Larder.Cli.Commands;

/// <summary><c>larder purge</c>: removes entries by kind, owner or age.</summary>
internal static class PurgeCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("purge", "Remove entries by kind, owner or time of last use. Asks before it does.")
        {
            Examples =
            [
                ("larder purge --unused 30d --dry-run", "what would go if everything unused for a month went"),
                ("larder purge --kind ccache --yes", "one kind, without asking"),
                ("larder purge --owner tenant-7", "everything of one owner"),
                ("larder purge --all", "everything"),
            ],
        };
        var kind = new Option<string?>("--kind", "-k") { Description = "Only this kind.", HelpName = "KIND" };
        var owner = new Option<string?>("--owner") { Description = "Only of this owner.", HelpName = "OWNER" };
        var unused = new Option<TimeSpan?>("--unused", "--older-than")
        {
            Description = "Only what was not used for so long, such as 12h or 30d.",
            HelpName = "TIME",
            CustomParser = static result => Quantities.ParseTime(result),
        };
        var all = new Option<bool>("--all") { Description = "Everything; needed when nothing else says what." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Count what would go and remove nothing." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        foreach (var option in (Option[])[kind, owner, unused, all, dryRun, yes])
        {
            command.Options.Add(option);
        }

        var target = TargetOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = target.Json(parsed);
            var query = new PurgeQuery(
                parsed.GetValue(kind) is { } name ? NameOptions.ParseKind(name) : null,
                parsed.GetValue(owner),
                parsed.GetValue(unused),
                DryRun: true);
            if ((query is { Kind: null, Owner: null, UnusedFor: null }) != parsed.GetValue(all))
            {
                throw CommandException.Usage("Say what to remove: --kind, --owner or --unused, or --all for everything.");
            }

            var store = await target.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            await using (store.ConfigureAwait(false))
            {
                if (parsed.GetValue(dryRun))
                {
                    var would = await store.PurgeAsync(query, cancellationToken).ConfigureAwait(false);
                    return Report(terminal, would, json, "would be removed");
                }

                if (!parsed.GetValue(yes) && !await ConfirmAsync(terminal, store, query, cancellationToken).ConfigureAwait(false))
                {
                    terminal.Warn("nothing was removed.");
                    return ExitCodes.Failure;
                }

                var removed = await store.PurgeAsync(query with { DryRun = false }, cancellationToken).ConfigureAwait(false);
                return Report(terminal, removed, json, "removed");
            }
        });
        return command;
    }

    private static async Task<bool> ConfirmAsync(
        Terminal terminal, IArtifactStore store, PurgeQuery query, CancellationToken cancellationToken)
    {
        if (!terminal.InputIsTerminal)
        {
            throw CommandException.Usage("purge asks before it removes and standard input is no terminal; add --yes.");
        }

        var would = await store.PurgeAsync(query, cancellationToken).ConfigureAwait(false);
        await terminal.Error.WriteAsync(
            $"Remove {Format.Count(would.Entries, "entry", "entries")} of {Format.Bytes(would.Bytes)} from {store.Description}? [y/N] ")
            .ConfigureAwait(false);
        await terminal.Error.FlushAsync(cancellationToken).ConfigureAwait(false);
        using var input = new StreamReader(terminal.Input, leaveOpen: true);
        var answer = await input.ReadLineAsync(cancellationToken).AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        return answer?.Trim() is "y" or "Y" or "yes";
    }

    private static int Report(Terminal terminal, PurgeResult result, bool json, string what)
    {
        if (json)
        {
            CliJson.Write(terminal, result, CliJson.Default.PurgeResult);
        }
        else
        {
            terminal.Say($"{Format.Count(result.Entries, "entry", "entries")} of {Format.Bytes(result.Bytes)} {what}.");
        }

        return ExitCodes.Ok;
    }
}
