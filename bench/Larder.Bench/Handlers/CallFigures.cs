using System.Globalization;

namespace Larder.Bench.Handlers;

/// <summary>What one turn of calls took; times in microseconds.</summary>
internal readonly record struct CallFigures(double Calls, double Processor, double P50, double P99, double Max, double PerSecond)
{
    public static CallFigures Parse(string line)
    {
        var figures = line.Split(' ').Select(static word => double.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return new CallFigures(figures[0], figures[1], figures[2], figures[3], figures[4], figures[5]);
    }

    /// <summary>Of several turns, the one that was disturbed least: the least of each figure.</summary>
    public static CallFigures Best(IReadOnlyCollection<CallFigures> turns) => new(
        turns.Sum(static turn => turn.Calls),
        turns.Min(static turn => turn.Processor),
        turns.Min(static turn => turn.P50),
        turns.Min(static turn => turn.P99),
        turns.Min(static turn => turn.Max),
        turns.Max(static turn => turn.PerSecond));
}
