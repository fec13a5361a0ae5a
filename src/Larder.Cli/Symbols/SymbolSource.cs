using System.Text.Json;
using Larder.Symbols.Search;

namespace Larder.Cli.Symbols;

/// <summary>Answers questions about symbols: this process, or a node. Answers are the JSON of docs/HTTP-symbols.md.</summary>
internal abstract class SymbolSource : IAsyncDisposable
{
    /// <summary>What could not be loaded, each with its file.</summary>
    public virtual IReadOnlyList<string> Failures => [];

    public abstract Task<JsonElement> FindAsync(SymbolQuery query, CancellationToken cancellationToken);

    /// <summary>Everything about the symbols of a name.</summary>
    public abstract Task<JsonElement> ShowAsync(string name, string? module, bool all, CancellationToken cancellationToken);

    public abstract Task<JsonElement> ModulesAsync(CancellationToken cancellationToken);

    public abstract Task<JsonElement> LoadAsync(CancellationToken cancellationToken);

    public abstract Task<JsonElement> StatisticsAsync(CancellationToken cancellationToken);

    /// <summary>Changes of modules until cancelled.</summary>
    public abstract IAsyncEnumerable<JsonElement> WatchAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}
