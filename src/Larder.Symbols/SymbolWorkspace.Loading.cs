using System.Diagnostics;
using Larder.Cache;
using Larder.Cache.Fingerprints;
using Larder.Symbols.Modules;

namespace Larder.Symbols;

/// <content>Loading, unloading and renewing modules.</content>
public sealed partial class SymbolWorkspace
{
    /// <summary>
    /// Loads modules, or renews those that are loaded and whose files have changed. What cannot be loaded is told and hinders
    /// nothing else.
    /// </summary>
    /// <param name="files">The files.</param>
    /// <param name="cancellationToken">Gives up; nothing is loaded then.</param>
    public async Task<LoadReport> LoadAsync(IEnumerable<string> files, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        var began = Stopwatch.GetTimestamp();
        string[] paths = [.. files.Select(Path.GetFullPath).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var memos = await ReadMemosAsync(paths, cancellationToken).ConfigureAwait(false);
        var results = new LoadResult[paths.Length];
        var options = new ParallelOptions { MaxDegreeOfParallelism = _options.LoadParallelism, CancellationToken = cancellationToken };
        try
        {
            await Parallel.ForAsync(0, paths.Length, options, async (place, token) =>
            {
                results[place] = await LoadOneAsync(paths[place], memos[FolderOf(paths[place])], token).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
        catch
        {
            Array.ForEach(results, static result => Drop(result?.Module, result?.Origin));
            throw;
        }

        await KeepMemosAsync(memos, cancellationToken).ConfigureAwait(false);
        var loaded = results.Where(static result => result.Module is not null).ToArray();
        Join([.. loaded.Where(static result => result.Origin != SymbolOrigin.Loaded).Select(static result => result.Module!)]);
        return new LoadReport
        {
            Modules = [.. loaded.Select(static result => result.Module!.Describe(result.Origin))],
            Failures = [.. results.Where(static result => result.Failure is not null).Select(static result => result.Failure!)],
            Elapsed = Stopwatch.GetElapsedTime(began),
        };
    }

    /// <summary>Lets go of a module and of everything that the caches have of it; whether it was loaded.</summary>
    public bool Unload(string path)
    {
        path = Path.GetFullPath(path);
        LoadedModule? gone;
        ModuleSet old;
        lock (_gate)
        {
            old = _modules;
            gone = old.ByPath(path);
            if (gone is null)
            {
                return false;
            }

            _modules = new ModuleSet([.. old.Modules.Where(module => module != gone)]);
        }

        old.Release();
        var entries = Cache.InvalidateModule(gone.Id);
        Log.ModuleChanged(_logger, path, "was unloaded", entries);
        return true;
    }

    /// <summary>
    /// Looks whether a loaded module's file is what it was; renews the module when it changed and unloads it when it is gone or
    /// cannot be read any more.
    /// </summary>
    /// <returns>What happened.</returns>
    public async Task<ModuleChange> RefreshAsync(string path, CancellationToken cancellationToken = default)
    {
        path = Path.GetFullPath(path);
        ModuleId? old;
        using (var set = Hold())
        {
            old = set.ByPath(path)?.Id;
        }

        if (!File.Exists(path))
        {
            return new ModuleChange(path, old is not null && Unload(path) ? ModuleChangeKind.Removed : ModuleChangeKind.None);
        }

        var report = await LoadAsync([path], cancellationToken).ConfigureAwait(false);
        if (report.Failures is [var failure, ..])
        {
            var wasLoaded = old is not null && Unload(path);
            Log.NotLoaded(_logger, failure.Message);
            return new ModuleChange(path, wasLoaded ? ModuleChangeKind.Broken : ModuleChangeKind.None, failure.Message);
        }

        var isSame = report.Modules[0].Id.Equals(old);
        return new ModuleChange(path, isSame ? ModuleChangeKind.None : old is null ? ModuleChangeKind.Added : ModuleChangeKind.Changed);
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(path) ?? "/";

    private static void Drop(LoadedModule? module, SymbolOrigin? origin)
    {
        if (module is not null && origin != SymbolOrigin.Loaded)
        {
            module.Acquire();
            module.Release();
        }
    }

    private async Task<LoadResult> LoadOneAsync(
        string path, FolderMemo memo, CancellationToken cancellationToken)
    {
        try
        {
            var stamp = ModuleReader.Stamp(path);
            using (var set = Hold())
            {
                if (set.ByPath(path) is { } known && known.Stamp.HasSameBytes(stamp))
                {
                    return new LoadResult(known, null, SymbolOrigin.Loaded);
                }
            }

            bool isKnown;
            Fingerprint digest;
            lock (memo)
            {
                isKnown = memo.TryGet(Path.GetFileName(path), stamp, out digest);
            }

            if (isKnown && await _tables.FindAsync(digest, cancellationToken).ConfigureAwait(false) is { } kept)
            {
                return new LoadResult(new LoadedModule(new ModuleId(path, digest, kept.Table.Mvid), kept.Table, kept.Origin, stamp), null, kept.Origin);
            }

            using var bytes = ModuleReader.ReadFile(path);
            digest = new Fingerprint(ModuleReader.Digest(bytes));
            lock (memo)
            {
                memo.Note(Path.GetFileName(path), stamp, digest, _time.GetUtcNow());
            }

            var (table, origin) = await _tables.GetAsync(bytes, path, digest, cancellationToken).ConfigureAwait(false);
            return new LoadResult(new LoadedModule(new ModuleId(path, digest, table.Mvid), table, origin, stamp), null, origin);
        }
        catch (SymbolsException e)
        {
            return new LoadResult(null, e, SymbolOrigin.Read);
        }
    }

    // Puts modules into the set, in place of older ones of their paths, whose entries go.
    private void Join(LoadedModule[] modules)
    {
        if (modules.Length == 0)
        {
            return;
        }

        var replaced = new List<LoadedModule>();
        ModuleSet old;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            old = _modules;
            var all = new Dictionary<string, LoadedModule>(StringComparer.Ordinal);
            foreach (var module in old.Modules)
            {
                all[module.Id.Path] = module;
            }

            foreach (var module in modules)
            {
                if (all.TryGetValue(module.Id.Path, out var before) && !before.Id.Equals(module.Id))
                {
                    replaced.Add(before);
                }

                all[module.Id.Path] = module;
            }

            if (all.Count > _options.MaxModules)
            {
                Array.ForEach(modules, static module => Drop(module, SymbolOrigin.Read));
                throw new SymbolsException(SymbolsErrorKind.LimitExceeded, $"{all.Count} modules, at most {_options.MaxModules} may be loaded.");
            }

            LoadedModule[] sorted = [.. all.Values];
            Array.Sort(sorted, static (left, right) => string.CompareOrdinal(left.Id.Path, right.Id.Path));
            _modules = new ModuleSet(sorted);
        }

        old.Release();
        foreach (var module in replaced)
        {
            var entries = Cache.InvalidateModule(module.Id);
            Log.ModuleChanged(_logger, module.Id.Path, "was replaced", entries);
        }
    }

    private async ValueTask<Dictionary<string, FolderMemo>> ReadMemosAsync(string[] paths, CancellationToken cancellationToken)
    {
        var memos = new Dictionary<string, FolderMemo>(StringComparer.Ordinal);
        foreach (var folder in paths.Select(FolderOf).Distinct(StringComparer.Ordinal))
        {
            memos[folder] = await ReadMemoAsync(folder, cancellationToken).ConfigureAwait(false);
        }

        return memos;
    }

    private async ValueTask<FolderMemo> ReadMemoAsync(string folder, CancellationToken cancellationToken)
    {
        if (_tiers is not null)
        {
            try
            {
                using var lease = await _tiers.GetAsync(MemoOf(folder).Key, cancellationToken).ConfigureAwait(false);
                if (lease.IsHit && lease.Content.Length < int.MaxValue / 4)
                {
                    var bytes = new byte[lease.Content.Length];
                    return lease.Content.Read(0, bytes) == bytes.Length ? FolderMemo.Parse(bytes) : new FolderMemo();
                }
            }
            catch (CacheException)
            {
                // Then every file is read.
            }
        }

        return new FolderMemo();
    }

    private async ValueTask KeepMemosAsync(Dictionary<string, FolderMemo> memos, CancellationToken cancellationToken)
    {
        if (_tiers is null)
        {
            return;
        }

        foreach (var (folder, memo) in memos.Where(static memo => memo.Value.IsChanged))
        {
            try
            {
                var recipe = MemoOf(folder);
                await _tiers.PutAsync(recipe.Key, memo.ToBytes(), null, cancellationToken).ConfigureAwait(false);
            }
            catch (CacheException)
            {
                // The next start reads the files.
            }
        }
    }

    private static Recipe MemoOf(string folder) => Recipe.For(SymbolKinds.Folder, FolderMemo.Version).Add("folder", folder).Build();

    // A module or why there is none, and where its table came from.
    private sealed record LoadResult(LoadedModule? Module, SymbolsException? Failure, SymbolOrigin Origin);
}
