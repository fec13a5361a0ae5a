using System.Text.Json;
using Larder.Indexer;
using Larder.Indexer.Caching;

namespace Larder.Node.Indexing;

/// <summary>
/// A directory that is one index: <c>module.wasm</c>, <c>index.json</c> with its settings, and the state in <c>state</c>.
/// </summary>
public sealed class IndexDirectory
{
    private const string ModuleFile = "module.wasm";
    private const string SettingsFile = "index.json";
    private const string StateFolder = "state";
    private const long MostModuleBytes = 1L << 30;

    private IndexDirectory(string path, ReadOnlyMemory<byte> module, IndexSettings settings)
    {
        Path = path;
        Module = module;
        Settings = settings;
    }

    /// <summary>The directory, in full.</summary>
    public string Path { get; }

    /// <summary>The module.</summary>
    public ReadOnlyMemory<byte> Module { get; }

    /// <summary>The settings.</summary>
    public IndexSettings Settings { get; }

    /// <summary>Where the state is.</summary>
    public string StateDirectory => System.IO.Path.Combine(Path, StateFolder);

    /// <summary>Whether there is an index in a directory.</summary>
    public static bool IsAt(string directory) => File.Exists(System.IO.Path.Combine(directory, SettingsFile));

    /// <summary>Opens a directory that has an index.</summary>
    /// <exception cref="IndexerException">There is none, or its files cannot be read.</exception>
    public static IndexDirectory Open(string directory)
    {
        var path = System.IO.Path.GetFullPath(directory);
        var settings = System.IO.Path.Combine(path, SettingsFile);
        if (!File.Exists(settings))
        {
            throw new IndexerException(
                IndexerErrorKind.Unavailable, $"There is no index in '{path}'; 'larder index run --module MODULE --dir {directory} BLOCKS' makes one.");
        }

        try
        {
            var read = JsonSerializer.Deserialize(File.ReadAllBytes(settings), IndexSettingsJson.Default.IndexSettings) ?? throw new JsonException("it is null");
            return new IndexDirectory(path, ReadModule(System.IO.Path.Combine(path, ModuleFile)), read);
        }
        catch (JsonException e)
        {
            throw new IndexerException(IndexerErrorKind.Damaged, $"'{settings}' is not what the settings of an index are: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"'{settings}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Opens a directory, or makes one. Where there is an index, what makes it what it is must be as it was; the rest is replaced.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <param name="modulePath">The module; null when the directory has it.</param>
    /// <param name="change">Gives the settings that are wanted, from those that there are.</param>
    /// <exception cref="IndexerException">There is no index and no module, or another index.</exception>
    public static IndexDirectory Create(string directory, string? modulePath, Func<IndexSettings, IndexSettings> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (IsAt(directory))
        {
            return Open(directory).Change(modulePath, change);
        }

        if (modulePath is null)
        {
            throw new IndexerException(
                IndexerErrorKind.Configuration, $"There is no index in '{directory}' yet: name the module that makes it with --module FILE.");
        }

        var path = System.IO.Path.GetFullPath(directory);
        var module = ReadModule(modulePath);
        var settings = change(new IndexSettings());
        try
        {
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any(static entry => !IsOwn(entry)))
            {
                throw new IndexerException(IndexerErrorKind.Configuration, $"'{path}' is not empty and no index; name a new directory, or one that has an index.");
            }

            Directory.CreateDirectory(path);
            WriteWhole(System.IO.Path.Combine(path, ModuleFile), module);
            var made = new IndexDirectory(path, module, settings);
            made.Save();
            return made;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"'{path}' cannot be written: {e.Message}", e);
        }
    }

    /// <summary>What opens the index.</summary>
    /// <param name="readOnly">Whether it is only read, beside who writes it.</param>
    /// <param name="answersViews">Whether views are answered while it is written.</param>
    public BlockIndexerOptions ToOptions(bool readOnly = false, bool answersViews = false) => new()
    {
        Module = Module,
        ModuleOptions = Settings.ToModuleOptions(),
        Directory = StateDirectory,
        ReadOnly = readOnly,
        Store = Settings.ToStoreOptions(),
        Cache = ToCache(readOnly, answersViews ? AllocationMode.Shared : AllocationMode.Indexer),
    };

    // Who only asks once has no use for the room.
    private ReadCacheOptions? ToCache(bool readOnly, AllocationMode mode) => readOnly || Settings.CacheBytes == 0 ? null
        : Settings.CacheBytes is { } bytes ? new ReadCacheOptions { SizeBytes = bytes, Mode = mode }
        : new ReadCacheOptions { Mode = mode };

    private IndexDirectory Change(string? modulePath, Func<IndexSettings, IndexSettings> change)
    {
        if (modulePath is not null && !ReadModule(modulePath).AsSpan().SequenceEqual(Module.Span))
        {
            throw new IndexerException(
                IndexerErrorKind.RecipeMismatch,
                $"The index in '{Path}' was made by another module than '{modulePath}'. Leave --module out to go on with it, or name a new directory.");
        }

        var wanted = change(Settings);
        if (Settings.Difference(wanted) is { } difference)
        {
            throw new IndexerException(
                IndexerErrorKind.RecipeMismatch,
                $"The index in '{Path}' was made with other settings: its {difference} cannot be changed. Leave the option out, or name a new directory.");
        }

        if (wanted == Settings)
        {
            return this;
        }

        var changed = new IndexDirectory(Path, Module, wanted);
        changed.Save();
        return changed;
    }

    private void Save() => WriteWhole(
        System.IO.Path.Combine(Path, SettingsFile), [.. JsonSerializer.SerializeToUtf8Bytes(Settings, IndexSettingsJson.Default.IndexSettings), (byte)'\n']);

    // What a run that was killed before its settings were written left behind.
    private static bool IsOwn(string entry) =>
        System.IO.Path.GetFileName(entry) is var name && (name.StartsWith(ModuleFile, StringComparison.Ordinal) || name.StartsWith(SettingsFile, StringComparison.Ordinal));

    private static void WriteWhole(string path, ReadOnlySpan<byte> bytes)
    {
        var aside = $"{path}.{Guid.NewGuid():N}.part";
        File.WriteAllBytes(aside, bytes);
        File.Move(aside, path, overwrite: true);
    }

    private static byte[] ReadModule(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: > MostModuleBytes }
                ? throw new IndexerException(IndexerErrorKind.BadModule, $"'{path}' is larger than any module may be.")
                : File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"The module '{path}' cannot be read: {e.Message}", e);
        }
    }
}
