using System.Threading.Channels;
using Larder.Symbols.Modules;
using Microsoft.Extensions.Logging;

namespace Larder.Symbols.Watching;

/// <summary>
/// Watches the files of a workspace's modules. The file system's word only says where to look: what happened is decided by
/// looking at the file. One loop looks, so that a file is never loaded twice at a time. Disposing stops it.
/// </summary>
public sealed class ModuleWatch : IAsyncDisposable
{
    private readonly SymbolWorkspace _workspace;
    private readonly string[] _folders;
    private readonly ModuleWatchOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<string> _touched = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<ModuleChange> _changes;
    private readonly Dictionary<string, FileSystemWatcher> _watchers = new(StringComparer.Ordinal);
    private Task _loop = Task.CompletedTask;
    private int _pending;

    internal ModuleWatch(SymbolWorkspace workspace, string[] folders, ModuleWatchOptions options, TimeProvider time, ILogger logger)
    {
        _workspace = workspace;
        _folders = folders;
        _options = options;
        _time = time;
        _logger = logger;
        _changes = Channel.CreateBounded<ModuleChange>(
            new BoundedChannelOptions(options.MaxPendingChanges) { FullMode = BoundedChannelFullMode.DropOldest });
    }

    /// <summary>What happened, in order, for one reader.</summary>
    public ChannelReader<ModuleChange> Changes => _changes.Reader;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync().ConfigureAwait(false);
        }

        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _workspace.Forget(this);
        foreach (var watcher in _watchers.Values)
        {
            watcher.Dispose();
        }

        _watchers.Clear();
        _changes.Writer.TryComplete();
        _stop.Dispose();
    }

    internal void Start()
    {
        WatchFolders();
        _loop = Task.Run(RunAsync, CancellationToken.None);
    }

    private void WatchFolders()
    {
        foreach (var folder in _folders)
        {
            WatchFolder(folder, withBelow: true);
        }

        foreach (var module in _workspace.Modules)
        {
            var folder = Path.GetDirectoryName(module.Id.Path) ?? "/";
            if (!_folders.Any(above => IsBelow(folder, above)))
            {
                WatchFolder(folder, withBelow: false);
            }
        }
    }

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || folder.EndsWith('/') || path[folder.Length] == '/');

    private void WatchFolder(string folder, bool withBelow)
    {
        if (_watchers.ContainsKey(folder) || !Directory.Exists(folder))
        {
            return;
        }

        try
        {
            var watcher = new FileSystemWatcher(folder)
            {
                IncludeSubdirectories = withBelow,
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.DirectoryName,
            };
            _watchers[folder] = watcher;
            watcher.Changed += (_, change) => Touch(change.FullPath);
            watcher.Created += (_, change) => Touch(change.FullPath);
            watcher.Deleted += (_, change) => Touch(change.FullPath);
            watcher.Renamed += (_, change) =>
            {
                Touch(change.OldFullPath);
                Touch(change.FullPath);
            };
            watcher.Error += (_, problem) =>
            {
                Log.WatchFailed(_logger, folder, problem.GetException().Message);
                Touch(string.Empty);
            };
            watcher.EnableRaisingEvents = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Log.WatchFailed(_logger, folder, e.Message);
        }
    }

    // A file is written in many pieces; one word of it is enough, and more than so many files are looked at one by one anyway.
    private void Touch(string path)
    {
        if (path.Length > 0 && !ModuleFiles.IsModuleName(path) && !Directory.Exists(path) && Path.HasExtension(path))
        {
            return;
        }

        if (Interlocked.Increment(ref _pending) <= 100_000)
        {
            _touched.Writer.TryWrite(path);
        }
        else
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    private async Task RunAsync()
    {
        var due = new Dictionary<string, long>(StringComparer.Ordinal);
        var looked = _time.GetTimestamp();
        var step = _options.QuietTime > TimeSpan.Zero ? _options.QuietTime / 2 : TimeSpan.FromMilliseconds(10);
        var word = _touched.Reader.WaitToReadAsync(_stop.Token).AsTask();
        while (!_stop.IsCancellationRequested)
        {
            await Task.WhenAny(
                word,
                Task.Delay(due.Count > 0 ? step : _options.Interval > TimeSpan.Zero ? _options.Interval : TimeSpan.FromHours(1), _time, _stop.Token))
                .ConfigureAwait(false);
            var looksAtAll = _options.Interval > TimeSpan.Zero && _time.GetElapsedTime(looked) >= _options.Interval;
            while (_touched.Reader.TryRead(out var path))
            {
                Interlocked.Decrement(ref _pending);
                looksAtAll |= path.Length == 0 || !ModuleFiles.IsModuleName(path);
                if (ModuleFiles.IsModuleName(path))
                {
                    due[path] = _time.GetTimestamp();
                }
            }

            word = word.IsCompleted ? _touched.Reader.WaitToReadAsync(_stop.Token).AsTask() : word;
            if (looksAtAll)
            {
                looked = _time.GetTimestamp();
                await LookAtAllAsync().ConfigureAwait(false);
            }

            var quiet = due.Where(file => _time.GetElapsedTime(file.Value) >= _options.QuietTime).Select(static file => file.Key).ToArray();
            foreach (var path in quiet)
            {
                due.Remove(path);
                await LookAsync(path).ConfigureAwait(false);
            }

            if (due.Count > 0 && quiet.Length == 0)
            {
                await Task.Delay(step, _time, _stop.Token).ConfigureAwait(false);
            }
        }
    }

    private async Task LookAtAllAsync()
    {
        WatchFolders();
        var files = _workspace.Modules.Select(static module => module.Id.Path).Concat(_folders.SelectMany(ModuleFiles.InFolder));
        foreach (var path in files.Distinct(StringComparer.Ordinal).ToArray())
        {
            await LookAsync(path).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(string path)
    {
        _stop.Token.ThrowIfCancellationRequested();
        var isMine = _workspace.IsLoaded(path) || _folders.Any(folder => IsBelow(path, folder));
        if (!isMine)
        {
            return;
        }

        try
        {
            var change = await _workspace.RefreshAsync(path, _stop.Token).ConfigureAwait(false);
            if (change.Kind != ModuleChangeKind.None)
            {
                _changes.Writer.TryWrite(change);
            }
        }
        catch (SymbolsException e)
        {
            Log.NotLoaded(_logger, e.Message);
        }
    }
}
