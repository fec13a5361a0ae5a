using System.Globalization;

namespace Larder.Bench.HitRatio;

/// <summary>The reference object miss ratios that come with the shared traces: one row a trace and size.</summary>
internal sealed class ReferenceTable
{
    private const string Unit = "### Capacity in objects";
    private const string Bytes = "### Capacity in bytes: object miss ratio";

    private readonly Dictionary<(bool InBytes, string Trace, int Percent), Dictionary<string, double>> _rows = [];

    private ReferenceTable()
    {
    }

    /// <summary>Reads the tables; null when the file is not there.</summary>
    public static ReferenceTable? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        ReferenceTable table = new();
        bool inTable = false;
        bool inBytes = false;
        string[] policies = [];

        foreach (string line in File.ReadLines(path))
        {
            if (line.StartsWith('#'))
            {
                inBytes = line.StartsWith(Bytes, StringComparison.Ordinal);
                inTable = inBytes || line.StartsWith(Unit, StringComparison.Ordinal);
            }

            string[] cells = line.Split('|', StringSplitOptions.TrimEntries);

            if (!inTable || cells.Length < 5 || cells[1].Length == 0 || cells[1][0] == '-')
            {
                continue;
            }

            if (cells[1] == "trace")
            {
                policies = cells[3..^1];
                continue;
            }

            int percent = (int)Math.Round(100 * double.Parse(cells[2], CultureInfo.InvariantCulture));
            table._rows[(inBytes, cells[1], percent)] = policies
                .Zip(cells[3..^1], (policy, cell) => (policy, double.Parse(cell.Trim('*'), CultureInfo.InvariantCulture)))
                .ToDictionary();
        }

        return table;
    }

    /// <summary>A policy's reference figure; null when the table does not have it.</summary>
    public double? Find(bool inBytes, string trace, int percent, string policy) =>
        _rows.TryGetValue((inBytes, trace, percent), out var row) && row.TryGetValue(policy, out double miss)
            ? miss
            : null;

    /// <summary>The lowest figure of a row, the offline bound aside.</summary>
    public double? Best(bool inBytes, string trace, int percent) =>
        _rows.TryGetValue((inBytes, trace, percent), out var row)
            ? row.Where(cell => cell.Key != "OPT").Min(cell => cell.Value)
            : null;
}
