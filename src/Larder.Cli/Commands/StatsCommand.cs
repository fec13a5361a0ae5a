using System.CommandLine;
using Larder.Cli.Output;
using Larder.Cli.Stores;
using Spectre.Console;

namespace Larder.Cli.Commands;

/// <summary><c>larder stats</c>: what the tiers hold and do, once or as a live view.</summary>
internal static class StatsCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("stats", "Show what the tiers hold and do: live on a terminal, once otherwise.")
        {
            Examples =
            [
                ("larder stats", "live, until Ctrl+C"),
                ("larder stats --once", "one look"),
                ("larder stats --json | jq '.tiers[] | {tier, entries, bytes}'", "for a program"),
                ("larder stats --data ~/.cache/larder", "of a directory"),
            ],
        };
        var once = new Option<bool>("--once") { Description = "One look instead of a live view." };
        var interval = new Option<TimeSpan>("--interval")
        {
            Description = "Time between two looks, at least 100ms.",
            HelpName = "TIME",
            DefaultValueFactory = static _ => TimeSpan.FromSeconds(1),
            CustomParser = static result =>
            {
                var time = Quantities.ParseTime(result);
                if (time < TimeSpan.FromMilliseconds(100))
                {
                    result.AddError("--interval is at least 100ms");
                }

                return time;
            },
        };
        command.Options.Add(once);
        command.Options.Add(interval);
        var target = TargetOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = target.Json(parsed);
            var store = await target.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
            await using (store.ConfigureAwait(false))
            {
                if (json)
                {
                    var statistics = await store.GetStatisticsAsync(cancellationToken).ConfigureAwait(false);
                    if (statistics.Document is { } document)
                    {
                        CliJson.Write(terminal, document, CliJson.Default.JsonElement);
                    }
                    else
                    {
                        CliJson.Write(terminal, statistics, CliJson.Default.StoreStatistics);
                    }

                    return ExitCodes.Ok;
                }

                if (parsed.GetValue(once) || !terminal.OutputIsTerminal)
                {
                    var view = new StatisticsView(store.Description, terminal.Console.Profile.Width);
                    view.Add(await store.GetStatisticsAsync(cancellationToken).ConfigureAwait(false), TimeSpan.Zero);
                    terminal.Console.Write(view.Render());
                    return ExitCodes.Ok;
                }

                return await WatchAsync(terminal, store, parsed.GetValue(interval), cancellationToken).ConfigureAwait(false);
            }
        });
        return command;
    }

    // The live view has no other end than the user's.
    private static async Task<int> WatchAsync(
        Terminal terminal, IArtifactStore store, TimeSpan interval, CancellationToken cancellationToken)
    {
        var view = new StatisticsView(store.Description, terminal.Console.Profile.Width);
        view.Add(await store.GetStatisticsAsync(cancellationToken).ConfigureAwait(false), TimeSpan.Zero);
        using var timer = new PeriodicTimer(interval);
        try
        {
            await terminal.Console.Live(view.Render()).AutoClear(false).StartAsync(async context =>
            {
                var clock = System.Diagnostics.Stopwatch.StartNew();
                while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
                {
                    view.Add(await store.GetStatisticsAsync(cancellationToken).ConfigureAwait(false), clock.Elapsed);
                    clock.Restart();
                    context.UpdateTarget(view.Render());
                }
            }).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl+C is how the view is meant to be left.
        }

        return ExitCodes.Ok;
    }
}
