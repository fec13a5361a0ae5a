using System.Diagnostics;
using System.Text;
using Larder.Cache;
using Larder.Symbols.Caching;
using Larder.Symbols.Details;
using Larder.Symbols.Modules;
using Larder.Symbols.Search;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Symbols;

/// <summary>
/// The symbols of a set of modules: loads them, finds them by name, gives what is known of each through the four caches, and
/// lets go of a module's when its file changes.
/// </summary>
/// <remarks>
/// Each module has a table of its symbols, made once from its bytes and kept in the tiers of the cache by their digest. Tables
/// from the disk tier are mapped: they take no memory of the process, and searches read them in place. All members are safe for
/// many threads.
/// </remarks>
public sealed partial class SymbolWorkspace : IAsyncDisposable
{
    // Overloads and namesakes beyond these are better searched for.
    private const int MaxResolved = 200;

    private readonly SymbolWorkspaceOptions _options;
    private readonly TieredCache? _tiers;
    private readonly TableStore _tables;
    private readonly DetailStore _details;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // Held while the set of modules changes.
    private readonly Lock _gate = new();

    // Written under _gate. Read by anyone, who then holds it.
    private ModuleSet _modules = new([]);
    private bool _disposed;

    /// <summary>Creates a workspace without modules.</summary>
    /// <param name="options">How it works.</param>
    /// <param name="tiers">Where tables are kept; null for this process only. Must outlive the workspace.</param>
    /// <param name="loggers">Where to log.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SymbolsException">An option is out of range.</exception>
    public SymbolWorkspace(
        SymbolWorkspaceOptions? options = null, TieredCache? tiers = null, ILoggerFactory? loggers = null, TimeProvider? time = null)
    {
        _options = options ?? new SymbolWorkspaceOptions();
        _options.Validate();
        _tiers = tiers;
        _time = time ?? TimeProvider.System;
        _logger = (ILogger?)loggers?.CreateLogger<SymbolWorkspace>() ?? NullLogger.Instance;
        _tables = new TableStore(tiers, _logger);
        _details = new DetailStore(_options.DetailBytes);
        Cache = new SymbolCache(_options.Cache, _logger, _time);
    }

    /// <summary>The four caches.</summary>
    public SymbolCache Cache { get; }

    /// <summary>The modules, in the order of their paths.</summary>
    public IReadOnlyList<ModuleInfo> Modules
    {
        get
        {
            using var set = Hold();
            return [.. set.Modules.Select(static module => module.Describe())];
        }
    }

    /// <summary>Whether a file's module is loaded.</summary>
    public bool IsLoaded(string path)
    {
        using var set = Hold();
        return set.ByPath(path) is not null;
    }

    /// <summary>Searches every module.</summary>
    /// <exception cref="SymbolsException">The query is out of range, or a table contradicts itself.</exception>
    public SymbolSearchResult Find(SymbolQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.Limit is < 1 or > SymbolQuery.MaxLimit)
        {
            throw new SymbolsException(
                SymbolsErrorKind.Configuration, $"The limit is {query.Limit}; it must be from 1 to {SymbolQuery.MaxLimit}.");
        }

        using var set = Hold();
        return Find(set, query);
    }

    /// <summary>
    /// One symbol by its module and identifier, through the cache. A type that the module forwards, and its members, are looked
    /// for in the module that has them; such an entry goes with either.
    /// </summary>
    /// <returns>The symbol; null when there is none, or the module is not loaded or not what it was.</returns>
    public async ValueTask<SymbolData?> GetAsync(SymbolKey key, CancellationToken cancellationToken = default)
    {
        if (Cache.Symbols.TryGet(key, out var found))
        {
            return found;
        }

        var made = await Cache.Symbols.GetOrResolveAsync(
            key, this, static (key, workspace, _) => new(workspace.Make(key, SymbolBuilder.Symbol)), cancellationToken).ConfigureAwait(false);
        return made?.Data;
    }

    /// <summary>What is particular to a function, through the cache; null when there is none.</summary>
    public async ValueTask<FunctionData?> GetFunctionAsync(SymbolKey key, CancellationToken cancellationToken = default) =>
        (await Cache.Functions.GetOrResolveAsync(
            key,
            this,
            static (key, workspace, _) => new(workspace.Make(
                key, SymbolKind.Function, static (table, _, symbol, _) => SymbolBuilder.Function(table, symbol))),
            cancellationToken).ConfigureAwait(false))?.Data;

    /// <summary>What is particular to a type, through the cache; null when there is none.</summary>
    public async ValueTask<TypeData?> GetTypeAsync(SymbolKey key, CancellationToken cancellationToken = default) =>
        (await Cache.Types.GetOrResolveAsync(
            key,
            this,
            static (key, workspace, _) => new(workspace.Make(
                key, SymbolKind.Type, static (table, _, symbol, _) => SymbolBuilder.Type(table, symbol))),
            cancellationToken).ConfigureAwait(false))?.Data;

    /// <summary>What is particular to a constant, through the cache; null when there is none.</summary>
    public async ValueTask<ConstantData?> GetConstantAsync(SymbolKey key, CancellationToken cancellationToken = default) =>
        (await Cache.Constants.GetOrResolveAsync(
            key,
            this,
            static (key, workspace, _) => new(workspace.Make(
                key, SymbolKind.Constant, static (table, _, symbol, _) => SymbolBuilder.Constant(table, symbol))),
            cancellationToken).ConfigureAwait(false))?.Data;

    /// <summary>The keys of every symbol with this identifier, or with this qualified name whatever their parameters.</summary>
    /// <param name="name">
    /// <c>M:System.String.Trim</c>, one of them; <c>System.String.Trim</c> or <c>String.Trim</c>, at most 200 of them.
    /// </param>
    /// <param name="module">The modules to look in; null for all.</param>
    /// <param name="includesHidden">Whether what cannot be reached from outside counts, where there is no letter.</param>
    public IReadOnlyList<SymbolKey> Resolve(string name, string? module = null, bool includesHidden = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        using var set = Hold();
        var question = new NameQuestion(name, module, includesHidden);
        var text = question.ToText();
        if (set.Answers.TryGet(text, out var known))
        {
            return known;
        }

        var keys = ResolveAnew(set, question);
        set.Answers.Put(text, keys);
        return keys;
    }

    /// <summary>A symbol with its documentation and its place in source code, read from the files beside the module.</summary>
    public async ValueTask<SymbolData?> DescribeAsync(SymbolKey key, CancellationToken cancellationToken = default)
    {
        var symbol = await GetAsync(key, cancellationToken).ConfigureAwait(false);
        return symbol is null ? null : _details.Complete(symbol);
    }

    /// <summary>
    /// The keys of a module's symbols in the order of the metadata, made as they are asked for; none when the module is not loaded
    /// or not what it was. Forwarded types are left out.
    /// </summary>
    /// <param name="module">The module.</param>
    /// <param name="includesHidden">Whether what cannot be reached from outside counts. Default false.</param>
    public IEnumerable<SymbolKey> KeysOf(ModuleId module, bool includesHidden = false)
    {
        ArgumentNullException.ThrowIfNull(module);
        return Enumerate(module, includesHidden);
    }

    /// <summary>
    /// Brings a module's symbols that can be reached from outside into the cache of symbols, at most so many at a time as the
    /// options say; returns how many were made.
    /// </summary>
    public Task<int> PrefetchAsync(ModuleId module, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(module);
        return Cache.Symbols.PrefetchAsync(
            KeysOf(module),
            this,
            static (key, workspace, _) => workspace.Make(key, SymbolBuilder.Symbol) is { } made
                ? new ValueTask<SymbolData>(made.Data)
                : throw new OperationCanceledException($"{key.Module} was unloaded meanwhile."),
            Cache.PrefetchParallelism,
            cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        ModuleSet last;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            last = _modules;
            _modules = new ModuleSet([]);
        }

        await StopWatchingAsync().ConfigureAwait(false);
        last.Release();
        Cache.Dispose();
    }

    private static SymbolSearchResult Find(ModuleSet set, SymbolQuery query)
    {
        var began = Stopwatch.GetTimestamp();
        var filter = query.Module is { Length: > 0 } module ? new ModuleFilter(module) : null;
        var results = new TopResults(query.Limit);
        var search = new TableSearch(query, results);
        var modules = 0;
        var symbols = 0L;
        for (var place = 0; place < set.Modules.Length; place++)
        {
            if (filter?.Fits(set.Modules[place]) == false)
            {
                continue;
            }

            modules++;
            symbols += set.Modules[place].Table.Count;
            search.Search(set.Modules[place].Table, place);
        }

        return new SymbolSearchResult
        {
            Hits = [.. results.Sorted().Select(result => Describe(set.Modules[TableSearch.ModuleOf(result)], result))],
            Total = results.Total,
            Modules = modules,
            Searched = symbols,
            Elapsed = Stopwatch.GetElapsedTime(began),
        };
    }

    private IEnumerable<SymbolKey> Enumerate(ModuleId module, bool includesHidden)
    {
        using var set = Hold();
        if (set.ById(module) is not { } loaded)
        {
            yield break;
        }

        for (var symbol = 0; symbol < loaded.Table.Count; symbol++)
        {
            var (traits, form) = (loaded.Table[symbol].Traits, loaded.Table[symbol].Form);
            if (form != SymbolForm.Forward && (includesHidden || (traits & SymbolTraits.Exported) != 0))
            {
                yield return new SymbolKey(module, loaded.Table.IdentifierOf(symbol));
            }
        }
    }

    private static SymbolHit Describe(LoadedModule module, ulong result)
    {
        var symbol = TableSearch.SymbolOf(result);
        ref readonly var record = ref module.Table[symbol];
        return new SymbolHit
        {
            Key = new SymbolKey(module.Id, module.Table.IdentifierOf(symbol)),
            Module = module.Name,
            Name = Encoding.UTF8.GetString(module.Table.NameOf(symbol)),
            Kind = record.Kind,
            Form = record.Form,
            Visibility = record.Visibility,
            Traits = record.Traits,
            Match = TableSearch.MatchOf(result),
        };
    }
}
