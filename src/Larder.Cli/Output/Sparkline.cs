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
    /// Draws the values, the newest at the right. The tallest bar is the largest value, or <paramref name="top"/> when
    /// that is given. Only a zero is drawn as nothing but the base line.
    /// </summary>
    public string Draw(double? top = null)
    {
        var values = new double[_count];
        for (var i = 0; i < _count; i++)
        {
            values[i] = _values[(_next - _count + i + _values.Length) % _values.Length];
        }

        var largest = top ?? values.DefaultIfEmpty().Max();
        return new string(' ', _values.Length - _count) + string.Concat(values.Select(value => Bar(value, largest)));
    }

    private static char Bar(double value, double largest) =>
        value <= 0 || largest <= 0
            ? Bars[0]
            : Bars[Math.Clamp((int)Math.Ceiling(value / largest * (Bars.Length - 1)), 1, Bars.Length - 1)];
}
