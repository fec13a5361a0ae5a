using Spectre.Console;

namespace Larder.Cli.Output;

/// <summary>A plain table: aligned columns under their titles, no lines, so that people and programs can read it.</summary>
internal sealed class Columns
{
    private const string Gap = "  ";

    private readonly string[] _titles;
    private readonly bool[] _right;
    private readonly List<string[]> _rows = [];

    /// <summary>Creates a table.</summary>
    /// <param name="titles">One for each column; a leading <c>&gt;</c> aligns the column to the right.</param>
    public Columns(params string[] titles)
    {
        _right = [.. titles.Select(static title => title.StartsWith('>'))];
        _titles = [.. titles.Select(static title => title.TrimStart('>'))];
    }

    /// <summary>Number of rows.</summary>
    public int Count => _rows.Count;

    /// <summary>Adds a row of as many cells as there are titles.</summary>
    public void Add(params string[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, _titles.Length);
        _rows.Add([.. cells.Select(Clean)]);
    }

    /// <summary>Writes the table; its titles are dimmed where colour is on.</summary>
    public void Write(Terminal terminal)
    {
        var widths = _titles.Select((title, i) => _rows.Select(row => row[i].Length).Append(title.Length).Max()).ToArray();
        if (terminal.OutputIsTerminal)
        {
            terminal.Console.MarkupLineInterpolated($"[dim]{Line(_titles, widths)}[/]");
        }
        else
        {
            terminal.Say(Line(_titles, widths));
        }

        foreach (var row in _rows)
        {
            terminal.Say(Line(row, widths));
        }
    }

    private string Line(string[] cells, int[] widths) =>
        string.Join(Gap, cells.Select((cell, i) => _right[i] ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd();

    // Names come from clients; a control character in one must not reach the terminal.
    private static string Clean(string cell) =>
        cell.Any(char.IsControl) ? string.Concat(cell.Select(static c => char.IsControl(c) ? '?' : c)) : cell;
}
