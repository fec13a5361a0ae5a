using System.Globalization;
using Larder.Tests.Repository;
using YamlDotNet.RepresentationModel;

namespace Larder.Tests.Deploy;

/// <summary>A part of a YAML document, asked by path: <c>spec.ports.0.port</c>.</summary>
internal sealed class Manifest(YamlNode node)
{
    public YamlNode Node => node;

    public string Kind => Text("kind");

    public string Name => Text("metadata.name");

    /// <summary>The text at a path; fails when there is none.</summary>
    public string Text(string path) => Find(path)?.ToString() ?? throw new InvalidOperationException($"There is no {path}.");

    public string? TextOrNull(string path) => Find(path)?.ToString();

    public int Number(string path) => int.Parse(Text(path), CultureInfo.InvariantCulture);

    public bool Has(string path) => Find(path) is not null;

    public Manifest At(string path) => new(Find(path) ?? throw new InvalidOperationException($"There is no {path}."));

    public IEnumerable<Manifest> Items(string path) =>
        Find(path) is YamlSequenceNode items ? items.Select(static item => new Manifest(item)) : [];

    /// <summary>Names and values of a mapping of texts.</summary>
    public Dictionary<string, string> Map(string path) =>
        Find(path) is YamlMappingNode map ? map.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value.ToString(), StringComparer.Ordinal) : [];

    /// <summary>Replaces the text at a path that is there.</summary>
    public void Set(string path, string value) => ((YamlScalarNode)At(path).Node).Value = value;

    public static Manifest Parse(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return new Manifest(Assert.Single(stream.Documents).RootNode);
    }

    public static Manifest Read(string path) => Parse(RepositoryFiles.Read(path));

    private YamlNode? Find(string path)
    {
        YamlNode? at = node;
        foreach (var step in path.Split('.'))
        {
            at = at switch
            {
                YamlMappingNode map => map.Children.TryGetValue(new YamlScalarNode(step), out var value) ? value : null,
                YamlSequenceNode list when int.TryParse(step, CultureInfo.InvariantCulture, out var index) && index < list.Children.Count => list.Children[index],
                _ => null,
            };
        }

        return at;
    }
}
