namespace Larder.Wasm.Wasi;

/// <summary>
/// Where a path ends: the open directory that holds its last component, and that component. The directories that were
/// opened on the way are closed with it.
/// </summary>
internal sealed class ResolvedPath(int root) : IDisposable
{
    private readonly Stack<int> _opened = [];

    /// <summary>The directory that holds the last component.</summary>
    public int Directory => _opened.TryPeek(out var last) ? last : root;

    /// <summary>How many directories below the start that is.</summary>
    public int Depth => _opened.Count;

    /// <summary>The last component in bytes that end with a NUL: never empty, <c>..</c>, or a path.</summary>
    public byte[] Name { get; set; } = [(byte)'.', 0];

    /// <summary>Whether the path says that it is a directory: it ends with a slash or a dot.</summary>
    public bool MustBeDirectory { get; set; }

    public void Enter(int directory) => _opened.Push(directory);

    public void Leave() => _ = HostFiles.Close(_opened.Pop());

    public void Dispose()
    {
        while (_opened.Count > 0)
        {
            Leave();
        }
    }
}
