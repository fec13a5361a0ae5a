using System.Globalization;

namespace Larder.Bench.HitRatio;

/// <summary>Prints the rows as Markdown: a table for each sort of capacity, summaries, and agreement with the references.</summary>
internal static class HitRatioReport
{
    // The reference table was rounded to four digits and then to three.
    private const double Rounding = 0.00056;

    // The others differ from the reference simulator in details that it does not tell, such as the sketch's hashes.
    private static readonly string[] Exact = ["LRU", "FIFO", "SIEVE"];

    public static void Print(List<HitRatioRow> rows, string[] policies, ReferenceTable? reference, bool quiet)
    {
        foreach (bool inBytes in (bool[])[false, true])
        {
            List<HitRatioRow> part = [.. rows.Where(row => row.InBytes == inBytes)];
            string[] present = [.. policies.Where(policy => part.Any(row => row.Policy == policy))];

            if (part.Count == 0)
            {
                continue;
            }

            Console.WriteLine(inBytes ? "\n## Capacity in bytes" : "\n## Capacity in entries");

            if (!quiet)
            {
                PrintRows(part, present);
            }

            PrintSummary(part, present);
        }

        if (reference is not null)
        {
            PrintAgreement(rows, reference);
        }
    }

    private static void PrintRows(List<HitRatioRow> rows, string[] policies)
    {
        Console.WriteLine($"\n| trace | size | best | {string.Join(" | ", policies)} |");
        Console.WriteLine($"|---|---|---|{string.Concat(policies.Select(_ => "---|"))}");

        foreach (var row in rows.GroupBy(row => (row.Trace, row.Percent)))
        {
            var byPolicy = row.ToDictionary(cell => cell.Policy);
            IEnumerable<string> cells = policies.Select(policy => Figure(byPolicy[policy].MissRatio));
            Console.WriteLine(
                $"| {row.Key.Trace} | {row.Key.Percent} % | {Figure(row.First().Best)} | {string.Join(" | ", cells)} |");
        }
    }

    private static void PrintSummary(List<HitRatioRow> rows, string[] policies)
    {
        Console.WriteLine("\n| policy | rows | mean miss ratio | mean byte miss ratio | worst gaps to the best of a row |");
        Console.WriteLine("|---|---|---|---|---|");

        foreach (string policy in policies)
        {
            List<HitRatioRow> own = [.. rows.Where(row => row.Policy == policy)];
            IEnumerable<string> worst = own
                .OrderByDescending(row => row.MissRatio - row.Best)
                .Take(3)
                .Select(row => $"{Figure(row.MissRatio - row.Best)} {row.Trace} {row.Percent} %");
            string byteMisses = rows[0].InBytes ? Mean(own.Select(row => row.ByteMissRatio)) : "-";
            Console.WriteLine(
                $"| {policy} | {own.Count} | {Mean(own.Select(row => row.MissRatio))} | {byteMisses} | {string.Join(", ", worst)} |");
        }
    }

    private static void PrintAgreement(List<HitRatioRow> rows, ReferenceTable reference)
    {
        Console.WriteLine("\n## Agreement with the reference table\n");

        foreach (var policy in rows.GroupBy(row => row.Policy))
        {
            var pairs = policy
                .Select(row => (Row: row, Theirs: reference.Find(row.InBytes, row.Trace, row.Percent, policy.Key)))
                .Where(pair => pair.Theirs is not null)
                .Select(pair => (pair.Row, Gap: Math.Abs(pair.Row.MissRatio - pair.Theirs!.Value)))
                .OrderByDescending(pair => pair.Gap)
                .ToList();

            if (pairs.Count > 0)
            {
                var (row, gap) = pairs[0];
                int equal = pairs.Count(pair => pair.Gap < Rounding);
                string wrong = Exact.Contains(policy.Key) && equal < pairs.Count ? " (must agree)" : "";
                Console.WriteLine(
                    $"- {policy.Key}: {equal} of {pairs.Count} rows equal to three digits{wrong}; largest difference "
                    + $"{Figure(gap)} at {row.Trace} {row.Percent} %{(row.InBytes ? " of bytes" : "")}");
            }
        }
    }

    private static string Mean(IEnumerable<double> figures) => figures.Average().ToString("0.0000", CultureInfo.InvariantCulture);

    private static string Figure(double figure) => figure.ToString("0.000", CultureInfo.InvariantCulture);
}
