namespace Larder.Tests.Indexer.Blocks.Support;

/// <summary>A folder of blocks that is gone after the test.</summary>
internal sealed class BlockFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("larder-blocks-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string Raw(string name, params byte[][] blocks)
    {
        File.WriteAllBytes(this[name], [.. blocks.SelectMany(static block => block)]);
        return this[name];
    }

    public string Text(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
