using System.Globalization;

namespace Larder.Tests.Node;

/// <summary>Reads the Prometheus text format and refuses everything that breaks its rules.</summary>
internal sealed class PrometheusParser
{
    private readonly Dictionary<string, string> _types = [];
    private readonly HashSet<string> _helped = [];
    private readonly HashSet<string> _finished = [];
    private string _family = string.Empty;

    public Dictionary<string, double> Samples { get; } = [];

    public IReadOnlyDictionary<string, string> Types => _types;

    public static PrometheusParser Parse(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var parser = new PrometheusParser();
        foreach (var line in text[..^1].Split('\n'))
        {
            parser.Take(line);
        }

        parser.CheckHistograms();
        return parser;
    }

    /// <summary>The sum of all series of a metric whose labels contain the text.</summary>
    public double Sum(string name, string label = "") => Samples
        .Where(sample => sample.Key.StartsWith(name + "{", StringComparison.Ordinal) || sample.Key == name)
        .Where(sample => sample.Key.Contains(label, StringComparison.Ordinal))
        .Sum(static sample => sample.Value);

    private void Take(string line)
    {
        if (line.StartsWith("# HELP ", StringComparison.Ordinal))
        {
            var name = line["# HELP ".Length..].Split(' ', 2)[0];
            CheckName(name);
            Assert.True(_helped.Add(name), $"{name} has help twice.");
            Assert.True(_finished.Add(_family) || _family.Length == 0);
            Assert.DoesNotContain(name, _finished);
            _family = name;
        }
        else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
        {
            var words = line["# TYPE ".Length..].Split(' ');
            Assert.Equal(2, words.Length);
            Assert.Equal(_family, words[0]);
            Assert.Contains(words[1], (string[])["counter", "gauge", "histogram"]);
            Assert.True(_types.TryAdd(words[0], words[1]));
        }
        else
        {
            TakeSample(line);
        }
    }

    private void TakeSample(string line)
    {
        var space = line.LastIndexOf(' ');
        var series = line[..space];
        var brace = series.IndexOf('{', StringComparison.Ordinal);
        var name = brace < 0 ? series : series[..brace];
        CheckName(name);
        var value = line[(space + 1)..] switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            var number => double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture),
        };
        if (brace >= 0)
        {
            CheckLabels(series[brace..]);
        }

        Assert.True(_types.TryGetValue(_family, out var type), $"{name} has no type.");
        var suffixes = type == "histogram" ? (string[])["_bucket", "_sum", "_count"] : [""];
        Assert.Contains(name, suffixes.Select(suffix => _family + suffix));
        Assert.True(type != "counter" || name.EndsWith("_total", StringComparison.Ordinal), $"{name} is a counter without _total.");
        Assert.True(type == "gauge" || value >= 0, line);
        Assert.True(Samples.TryAdd(series, value), $"{series} is there twice.");
    }

    private static void CheckName(string name)
    {
        Assert.Matches("^[a-z_:][a-z0-9_:]*$", name);
        Assert.StartsWith("larder_", name, StringComparison.Ordinal);
    }

    private static void CheckLabels(string labels) =>
        Assert.Matches("""^\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\\\|\\"|\\n)*"(,|(?=\})))+\}$""", labels);

    private void CheckHistograms()
    {
        foreach (var (name, _) in _types.Where(static type => type.Value == "histogram"))
        {
            var last = new Dictionary<string, double>();
            foreach (var (series, value) in Samples.Where(sample => sample.Key.StartsWith(name + "_bucket{", StringComparison.Ordinal)))
            {
                var bound = series.LastIndexOf("le=\"", StringComparison.Ordinal);
                var rest = series[(name.Length + "_bucket{".Length)..bound].TrimEnd(',');
                Assert.True(value >= last.GetValueOrDefault(rest), $"{series} falls.");
                last[rest] = value;
                if (series.EndsWith("le=\"+Inf\"}", StringComparison.Ordinal))
                {
                    Assert.Equal(Samples[rest.Length == 0 ? name + "_count" : $"{name}_count{{{rest}}}"], value);
                }
            }
        }
    }
}
