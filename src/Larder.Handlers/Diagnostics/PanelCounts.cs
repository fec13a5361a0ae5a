using System.Collections.Concurrent;

namespace Larder.Handlers.Diagnostics;

/// <summary>
/// Runs by panel, for as many panels as are told apart; the first ones keep their names, as counters must not go back, and
/// later ones are summed up. Thread safe.
/// </summary>
/// <param name="mostPanels">How many are told apart.</param>
internal sealed class PanelCounts(int mostPanels)
{
    /// <summary>The name of all panels that are not told apart.</summary>
    public const string Others = "other";

    // The name of a panel is its caller's choice, and so is its length.
    private const int LongestName = 256;

    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private int _panels;

    /// <summary>Counts a run.</summary>
    public void Add(string panel)
    {
        var name = panel.Length <= LongestName && (_counts.ContainsKey(panel) || TryTakePlace()) ? panel : Others;
        _counts.AddOrUpdate(name, 1, static (_, count) => count + 1);
    }

    /// <summary>All panels with their runs.</summary>
    public KeyValuePair<string, long>[] Read() => _counts.ToArray();

    private bool TryTakePlace() => Volatile.Read(ref _panels) < mostPanels && Interlocked.Increment(ref _panels) <= mostPanels;
}
