using Microsoft.Extensions.Logging;

namespace Larder.Node.Indexing;

/// <summary>The indexes of a node. Safe for many threads.</summary>
internal sealed class IndexService : IAsyncDisposable
{
    /// <summary>Most indexes of a node.</summary>
    public const int MaxIndexes = 64;

    private readonly SortedDictionary<string, HostedIndex> _indexes = new(StringComparer.Ordinal);

    public IndexService(NodeOptions options, TimeProvider clock, ILogger logger)
    {
        foreach (var (name, index) in options.Indexes)
        {
            var directory = index.Directory ?? Path.Combine(options.DataDirectory, "indexes", name);
            _indexes.Add(name, new HostedIndex(name, index, directory, clock, logger));
        }
    }

    /// <summary>All of them, by name.</summary>
    public IReadOnlyCollection<HostedIndex> All => _indexes.Values;

    /// <summary>The one of a name; null when there is none.</summary>
    public HostedIndex? Find(string name) => _indexes.GetValueOrDefault(name);

    /// <summary>Opens them in the background, and begins to index.</summary>
    public void Start()
    {
        foreach (var index in _indexes.Values)
        {
            index.Start();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var index in _indexes.Values)
        {
            await index.DisposeAsync().ConfigureAwait(false);
        }
    }
}
