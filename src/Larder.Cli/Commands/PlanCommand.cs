using System.CommandLine;
using System.CommandLine.Parsing;
using Larder.Cache.Artifacts;
using Larder.Cli.Planning;
using Larder.Cli.Stores;
using Larder.Node.Sizing;

namespace Larder.Cli.Commands;

/// <summary><c>larder plan</c>: how large the tiers should be, by what a node was asked for or by a trace.</summary>
internal static class PlanCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new DocumentedCommand("plan", "Say how large the tiers should be, and how much memory a container then needs.")
        {
            Examples =
            [
                ("larder plan", "by what the node was asked for so far"),
                ("larder plan --target 90%", "the smallest capacities with that hit ratio"),
                ("larder plan --trace requests.csv", "by a log with a key and a size in bytes a line"),
                ("larder plan --json | jq '.tiers[] | {tier, recommendedBytes}'", "for a program"),
            ],
        };
        var target = new Option<double?>("--target", "-t")
        {
            Description = "The wanted hit ratio, such as 90% or 0.9. Default: 95 % of what any capacity could bring, or the knee.",
            HelpName = "RATIO",
            CustomParser = ParseTarget,
        };
        var trace = new Option<string?>("--trace")
        {
            Description = "A log of requests instead of a node: text with a key and a size a line, or pairs of 32-bit numbers; gzip is fine; - reads standard input.",
            HelpName = "FILE",
        };
        var tier = new Option<TierKind>("--tier")
        {
            Description = "Which tier the trace is for, memory or disk: entries weigh what they weigh there. Default memory.",
            HelpName = "TIER",
            DefaultValueFactory = static _ => TierKind.Memory,
            CustomParser = ParseTier,
        };
        tier.CompletionSources.Add("memory", "disk");
        var capacity = new Option<long>("--capacity")
        {
            Description = "The capacity to compare with, for a trace. Default: what the configuration has.",
            HelpName = "BYTES",
            DefaultValueFactory = static _ => -1,
            CustomParser = Quantities.ParseBytes,
        };
        var curveOnly = new Option<bool>("--curve-only") { Description = "For a trace: do not run the default policy beside the curve." };
        foreach (var option in (Option[])[target, trace, tier, capacity, curveOnly])
        {
            command.Options.Add(option);
        }

        var store = TargetOptions.AddTo(command, terminal);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var json = store.Json(parsed);
            var plan = parsed.GetValue(trace) is { } file
                ? await OfTraceAsync(terminal, file, parsed.GetValue(tier), parsed.GetValue(capacity), parsed.GetValue(target), !parsed.GetValue(curveOnly), cancellationToken)
                    .ConfigureAwait(false)
                : await OfNodeAsync(parsed, store, parsed.GetValue(target), cancellationToken).ConfigureAwait(false);
            if (json)
            {
                CliJson.Write(terminal, plan, CliJson.Default.SizingPlan);
            }
            else
            {
                PlanView.Write(terminal, plan);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<SizingPlan> OfNodeAsync(
        ParseResult parsed, TargetOptions options, double? target, CancellationToken cancellationToken)
    {
        var store = await options.OpenAsync(parsed, cancellationToken).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            if (store is not NodeStore node)
            {
                throw CommandException.Usage(
                    "A directory does not know what was asked for twice: give a node with --node, or a log of requests with --trace.");
            }

            var plan = await node.PlanAsync(target, cancellationToken).ConfigureAwait(false);
            return plan.IsWatching
                ? plan
                : throw CommandException.Usage("The node does not watch its lookups: set sizing to true and start it again.");
        }
    }

    private static async Task<SizingPlan> OfTraceAsync(
        Terminal terminal, string file, TierKind tier, long capacity, double? target, bool runsPolicy, CancellationToken cancellationToken)
    {
        var options = SettingOptions.Load(terminal, null, new Dictionary<string, string>()).Options;
        if (capacity < 0)
        {
            capacity = tier == TierKind.Disk ? options.DiskCapacityBytes : options.MemoryCapacityBytes;
        }

        options = tier == TierKind.Disk ? options with { DiskCapacityBytes = capacity } : options with { MemoryCapacityBytes = capacity };
        var source = file == "-" ? terminal.Input : LocalFiles.OpenRead(file);
        await using (source.ConfigureAwait(false))
        {
            var plan = await TracePlan.MakeAsync(
                TraceFile.ReadAsync(source, file, cancellationToken), tier, capacity, target, runsPolicy, cancellationToken).ConfigureAwait(false);
            return SizingPlan.Make([plan], options, options.Handlers.Enabled ? options.Handlers.Runtime : null, volumeInMemory: false);
        }
    }

    private static double? ParseTarget(ArgumentResult result)
    {
        if (!SizingPlan.TryParseTarget(result.Tokens[0].Value, out var ratio))
        {
            result.AddError($"'{result.Tokens[0].Value}' is not a hit ratio; write a part such as 90% or 0.9");
        }

        return ratio;
    }

    private static TierKind ParseTier(ArgumentResult result)
    {
        if (result.Tokens[0].Value.ToLowerInvariant() is var word and not ("memory" or "disk"))
        {
            result.AddError($"'{word}' is not a tier that has a capacity; write memory or disk");
        }

        return result.Tokens[0].Value.Equals("disk", StringComparison.OrdinalIgnoreCase) ? TierKind.Disk : TierKind.Memory;
    }
}
