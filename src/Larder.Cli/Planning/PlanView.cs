using System.Globalization;
using Larder.Cache.Artifacts;
using Larder.Cache.Sizing;
using Larder.Cli.Output;
using Larder.Node.Sizing;

namespace Larder.Cli.Planning;

/// <summary>Prints plans for people.</summary>
internal static class PlanView
{
    /// <summary>Prints everything.</summary>
    public static void Write(Terminal terminal, SizingPlan plan)
    {
        foreach (var tier in plan.Tiers)
        {
            Write(terminal, tier);
            terminal.Say();
        }

        WriteSettings(terminal, plan);
        WritePod(terminal, plan);
    }

    private static void Write(Terminal terminal, TierPlan plan)
    {
        terminal.Say(plan.Summary);
        if (plan.Points.IsEmpty)
        {
            return;
        }

        var followed = plan.SamplingRate >= 1 ? "every key followed" : $"{Format.Count(plan.Samples)} keys followed, {Percent(plan.SamplingRate)} of all";
        terminal.Say($"{Format.Count((long)plan.References)} lookups; {Format.Count(plan.WorkingSetEntries)} entries in use"
            + (plan.InEntries ? string.Empty : $", {Format.Bytes(plan.WorkingSetBytes)}") + $"; {followed}");
        var hasPolicy = plan.Steps.Any(static step => step.PolicyHitRatio is not null);
        var table = hasPolicy
            ? new Columns(">capacity", ">hits", ">by weight", ">gain", ">default policy", "")
            : new Columns(">capacity", ">hits", ">by weight", ">gain", "");
        foreach (var step in plan.Steps)
        {
            string[] cells = [plan.Describe(step.CapacityBytes), Percent(step.HitRatio), Percent(step.ByteHitRatio), Points(step.Gain)];
            table.Add(hasPolicy
                ? [.. cells, step.PolicyHitRatio is { } ratio ? Percent(ratio) : string.Empty, step.Marks]
                : [.. cells, step.Marks]);
        }

        table.Write(terminal);
        terminal.Say($"Knee at {plan.Describe(plan.KneeBytes)}; no capacity has more than {Percent(plan.BestHitRatio)}: the rest are first lookups.");
        WriteKinds(terminal, plan);
        if (plan.Caution is { } caution)
        {
            terminal.Say(caution);
        }
    }

    private static void WriteKinds(Terminal terminal, TierPlan plan)
    {
        if (plan.Kinds.Length == 0)
        {
            return;
        }

        var table = new Columns("kind", ">lookups", ">in use", ">now", ">recommended", ">at best");
        foreach (var kind in plan.Kinds)
        {
            table.Add(
                kind.Kind,
                Format.Count((long)kind.References),
                Format.Bytes(kind.WorkingSetBytes),
                Percent(kind.HitRatio),
                Percent(kind.RecommendedHitRatio),
                Percent(kind.BestHitRatio));
        }

        table.Write(terminal);
    }

    private static void WriteSettings(Terminal terminal, SizingPlan plan)
    {
        var memory = plan.Tiers.FirstOrDefault(static tier => tier is { Name: "memory tier", InEntries: false, RecommendedBytes: > 0 });
        var disk = plan.Tiers.FirstOrDefault(static tier => tier is { Tier: TierKind.Disk, InEntries: false, RecommendedBytes: > 0 });
        var compiled = plan.Tiers.FirstOrDefault(static tier => tier is { Name: "compiled handlers", RecommendedBytes: > 0 });
        if (memory is not null)
        {
            terminal.Say($"memory.capacity: {Format.Bytes(memory.RecommendedBytes)}");
        }

        if (compiled is not null)
        {
            terminal.Say($"handlers.cache (max_cache_size_bytes): {Format.Bytes(compiled.RecommendedBytes)}");
        }

        if (disk is not null)
        {
            terminal.Say($"disk.capacity: {Format.Bytes(disk.RecommendedBytes)}; the volume's sizeLimit: {Mebibytes(plan.RecommendedVolumeBytes)}");
        }
    }

    private static void WritePod(Terminal terminal, SizingPlan plan)
    {
        var (now, wanted) = (plan.Pod, plan.RecommendedPod);
        var table = new Columns("memory of the container", ">now", ">recommended", "rule");
        foreach (var part in wanted.Parts)
        {
            var before = now.Parts.FirstOrDefault(one => one.Name == part.Name);
            table.Add(part.Name, before is null ? string.Empty : Format.Bytes(before.LimitBytes), Format.Bytes(part.LimitBytes), part.Rule);
        }

        table.Add("limit at least", Mebibytes(now.LimitBytes), Mebibytes(wanted.LimitBytes), "a tenth above the sum");
        table.Add("request", Mebibytes(now.RequestBytes), Mebibytes(wanted.RequestBytes), "usual use");
        table.Write(terminal);
        if (plan.Pod.ActualLimitBytes is { } limit && limit < plan.Pod.LimitBytes)
        {
            terminal.Say($"The node's container has a limit of {Format.Bytes(limit)}, which is less than its settings may need.");
        }
    }

    private static string Mebibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{(bytes + 1024 * 1024 - 1) / (1024 * 1024)}Mi");

    private static string Percent(double part) => (100 * part).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string Points(double part) => (100 * part).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);
}
