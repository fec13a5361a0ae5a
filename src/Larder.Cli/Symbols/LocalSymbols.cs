using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Larder.Cache;
using Larder.Cache.Disk;
using Larder.Cli.Handlers;
using Larder.Symbols;
using Larder.Symbols.Json;
using Larder.Symbols.Modules;
using Larder.Symbols.Search;

namespace Larder.Cli.Symbols;

/// <summary>A workspace in this process over a cache directory of the command's own.</summary>
internal sealed class LocalSymbols : SymbolSource
{
    private const long DiskBytes = 1024L * 1024 * 1024;

    private readonly TieredCache? _cache;
    private readonly SymbolWorkspace _workspace;
    private readonly string[] _folders;
    private readonly LoadReport _report;

    private LocalSymbols(TieredCache? cache, SymbolWorkspace workspace, LoadReport report, string[] folders)
    {
        _cache = cache;
        _workspace = workspace;
        _report = report;
        _folders = folders;
    }

    public override IReadOnlyList<string> Failures => [.. _report.Failures.Select(static failure => failure.Message)];

    /// <summary>Loads modules.</summary>
    /// <param name="paths">Files, folders, projects and solutions.</param>
    /// <param name="framework">Whether the installed framework is loaded too.</param>
    /// <param name="directory">Where tables are kept; null for nowhere.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<LocalSymbols> OpenAsync(
        IReadOnlyList<string> paths, bool framework, string? directory, CancellationToken cancellationToken)
    {
        var files = paths.SelectMany(ModuleFiles.Of).Concat(framework ? ModuleFiles.OfFramework() : []).ToArray();
        if (files.Length == 0)
        {
            throw CommandException.NotFound($"There is no .dll, .exe or .wasm file in '{string.Join("', '", paths)}'.");
        }

        var cache = directory is null ? null : await OpenCacheAsync(directory, cancellationToken).ConfigureAwait(false);
        var workspace = new SymbolWorkspace(tiers: cache);
        try
        {
            var report = await workspace.LoadAsync(files, cancellationToken).ConfigureAwait(false);

            // A file that was named is to be read; of a folder's, what can be.
            var named = paths.Where(File.Exists).Select(Path.GetFullPath).ToArray();
            if (report.Failures.Count > 0 && (report.Modules.Count == 0 || (named.Length == files.Length && named.Length == 1)))
            {
                throw report.Failures[0];
            }

            return new LocalSymbols(cache, workspace, report, [.. paths.Where(Directory.Exists)]);
        }
        catch
        {
            await workspace.DisposeAsync().ConfigureAwait(false);
            await CloseAsync(cache).ConfigureAwait(false);
            throw;
        }
    }

    public override Task<JsonElement> FindAsync(SymbolQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(ToJson(writer => SymbolJson.Write(writer, _workspace.Find(query))));

    public override async Task<JsonElement> ShowAsync(string name, string? module, bool all, CancellationToken cancellationToken)
    {
        var symbols = new List<SymbolData>();
        foreach (var key in _workspace.Resolve(name, module, all))
        {
            if (await _workspace.DescribeAsync(key, cancellationToken).ConfigureAwait(false) is { } symbol)
            {
                symbols.Add(symbol);
            }
        }

        return ToJson(writer => SymbolJson.Write(writer, symbols));
    }

    public override Task<JsonElement> ModulesAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ToJson(writer => SymbolJson.Write(writer, _workspace.Modules)));

    public override Task<JsonElement> LoadAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ToJson(writer => SymbolJson.Write(writer, _report)));

    public override Task<JsonElement> StatisticsAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ToJson(writer => SymbolJson.Write(writer, _workspace.Cache, _workspace.Modules)));

    public override async IAsyncEnumerable<JsonElement> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var watch = _workspace.Watch(_folders);
        await using (watch.ConfigureAwait(false))
        {
            await foreach (var change in watch.Changes.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return ToJson(writer => SymbolJson.Write(writer, change));
            }
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _workspace.DisposeAsync().ConfigureAwait(false);
        await CloseAsync(_cache).ConfigureAwait(false);
    }

    private static async ValueTask CloseAsync(TieredCache? cache)
    {
        if (cache is not null)
        {
            await cache.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static JsonElement ToJson(Action<Utf8JsonWriter> write) => JsonElement.Parse(HandlerCallJson.Write(write).Span);

    // Other commands may have the directory at the same time: then it is shared, and nobody's to clean.
    private static async Task<TieredCache?> OpenCacheAsync(string directory, CancellationToken cancellationToken)
    {
        foreach (var mode in (DiskTierMode[])[DiskTierMode.Owner, DiskTierMode.Shared])
        {
            try
            {
                Directory.CreateDirectory(directory);
                return await TieredCache.OpenAsync(
                    new CacheOptions
                    {
                        Memory = null,
                        MemoryPressure = null,
                        Kinds = SymbolKinds.Complete(ImmutableSortedDictionary<string, KindOptions>.Empty),
                        Disk = new DiskTierOptions { Directory = directory, CapacityBytes = DiskBytes, Mode = mode },
                    },
                    cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (CacheException e) when (e.Kind == CacheErrorKind.Locked && mode == DiskTierMode.Owner)
            {
                // The next mode.
            }
            catch (Exception e) when (e is CacheException or IOException or UnauthorizedAccessException)
            {
                // The directory cannot be written: everything works without it.
                return null;
            }
        }

        return null;
    }
}
