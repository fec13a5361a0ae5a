namespace Larder.Cli.Output;

/// <summary>The last values of one figure, drawn as a row of bars. For one thread.</summary>
internal sealed class Sparkline
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    private readonly double[] _values;
    private int _next;
    private int _count;

    public Sparkline(int width) => _values = new double[width];

    /// <summary>Takes the newest value.</summary>
    public void Add(double value)
    {
        _values[_next] = value;
        _next = (_next + 1) % _values.Length;
        _count = Math.Min(_count + 1, _values.Length);
    }

    /// <summary>
    /// Draws the last values, the newest at the right. The tallest bar is the largest of them. Only a zero is drawn as
    /// nothing but the base line.
    /// </summary>
    /// <param name="width">How many bars; null for as many as are kept.</param>
    public string Draw(int? width = null)
    {
        var bars = Math.Min(width ?? _values.Length, _values.Length);
        var values = new double[Math.Min(_count, bars)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = _values[(_next - values.Length + i + _values.Length) % _values.Length];
        }

        var largest = values.DefaultIfEmpty().Max();
        return new string(' ', bars - values.Length) + string.Concat(values.Select(value => Bar(value, largest)));
    }

    private static char Bar(double value, double largest) =>
        value <= 0 || largest <= 0
            ? Bars[0]
            : Bars[Math.Clamp((int)Math.Ceiling(value / largest * (Bars.Length - 1)), 1, Bars.Length - 1)];
}
