using System.Collections.Immutable;
using System.Threading.Channels;
using Larder.Cache;
using Larder.Node.Handlers;
using Larder.Symbols;
using Larder.Symbols.Caching;
using Larder.Symbols.Modules;
using Larder.Symbols.Watching;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Symbols;

/// <summary>
/// The node's workspace of symbols: made when it is first asked for. It watches what it has loaded and tells every listener what
/// changed. Safe for many threads.
/// </summary>
internal sealed class SymbolService(SymbolServiceOptions options, TieredCache cache, ILoggerFactory loggers, TimeProvider clock) : IAsyncDisposable
{
    // What waits for one listener; older changes are dropped when it does not keep up.
    private const int MaxPending = 1024;
    private const int MaxListeners = 1000;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private SymbolWorkspace? _workspace;
    private ModuleWatch? _watch;
    private Task _telling = Task.CompletedTask;
    private ImmutableList<Channel<ModuleChange>> _listeners = [];
    private bool _disposed;

    /// <summary>The workspace.</summary>
    /// <exception cref="ApiException">Symbols are off, or the node is stopping.</exception>
    public SymbolWorkspace Workspace
    {
        get
        {
            if (!options.Enabled)
            {
                throw ApiException.Unavailable("This node keeps no symbols: the setting symbols.enabled is false.");
            }

            lock (_gate)
            {
                if (_disposed)
                {
                    throw ApiException.Unavailable("The node is stopping.");
                }

                return _workspace ??= new SymbolWorkspace(
                    new SymbolWorkspaceOptions
                    {
                        Cache = new SymbolCacheOptions { MemoryLimitBytes = options.MemoryBytes },
                        MaxModules = options.MaxModules,
                    },
                    cache,
                    loggers,
                    clock);
            }
        }
    }

    /// <summary>The workspace; null as long as nobody asked for it.</summary>
    public SymbolWorkspace? Current
    {
        get
        {
            lock (_gate)
            {
                return _disposed ? null : _workspace;
            }
        }
    }

    /// <summary>Loads what the paths stand for, as far as clients may have it loaded, and watches it from then on.</summary>
    /// <exception cref="ApiException">A path is outside the folders that the settings name.</exception>
    /// <exception cref="SymbolsException">There is no such file or folder.</exception>
    public async Task<LoadReport> LoadAsync(IReadOnlyList<string> paths, bool framework, CancellationToken cancellationToken)
    {
        var workspace = Workspace;
        var files = new List<string>();
        foreach (var path in paths)
        {
            Require(path);
            files.AddRange(ModuleFiles.Of(path));
        }

        // What a solution was built to may lie elsewhere.
        files.ForEach(Require);
        if (framework)
        {
            files.AddRange(ModuleFiles.OfFramework());
        }

        var report = await workspace.LoadAsync(files, cancellationToken).ConfigureAwait(false);
        Watch(workspace);
        return report;
    }

    /// <summary>Hears of every change of a module until it is disposed.</summary>
    /// <exception cref="ApiException">Too many listen already.</exception>
    public Listener Listen()
    {
        Watch(Workspace);
        var channel = Channel.CreateBounded<ModuleChange>(new BoundedChannelOptions(MaxPending) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_gate)
        {
            if (_listeners.Count >= MaxListeners)
            {
                throw ApiException.Unavailable($"{MaxListeners} clients follow the modules already.");
            }

            _listeners = _listeners.Add(channel);
        }

        return new Listener(this, channel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        if (_watch is not null)
        {
            await _watch.DisposeAsync().ConfigureAwait(false);
            await _telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_workspace is not null)
        {
            await _workspace.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var listener in _listeners)
        {
            listener.Writer.TryComplete();
        }
    }

    private void Require(string path)
    {
        var full = Path.GetFullPath(path);
        if (!Path.IsPathRooted(path) || !options.Folders.Any(folder => IsBelow(full, Path.TrimEndingDirectorySeparator(folder))))
        {
            throw new ApiException(
                Microsoft.AspNetCore.Http.StatusCodes.Status400BadRequest,
                "FOLDER_NOT_ALLOWED",
                $"'{path}' is in no folder that clients may have loaded; the setting symbols.folders names them.");
        }
    }

    private static bool IsBelow(string path, string folder) =>
        path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || folder == "/" || path[folder.Length] == '/');

    private void Watch(SymbolWorkspace workspace)
    {
        lock (_gate)
        {
            if (_watch is null && !_disposed)
            {
                _watch = workspace.Watch();
                _telling = Task.Run(() => TellAsync(_watch.Changes));
            }
        }
    }

    // Ends when the watch does.
    private async Task TellAsync(ChannelReader<ModuleChange> changes)
    {
        await foreach (var change in changes.ReadAllAsync().ConfigureAwait(false))
        {
            ImmutableList<Channel<ModuleChange>> listeners;
            lock (_gate)
            {
                listeners = _listeners;
            }

            foreach (var listener in listeners)
            {
                listener.Writer.TryWrite(change);
            }
        }
    }

    private void Remove(Channel<ModuleChange> channel)
    {
        lock (_gate)
        {
            _listeners = _listeners.Remove(channel);
        }
    }

    /// <summary>Somebody who follows the modules.</summary>
    public sealed class Listener(SymbolService service, Channel<ModuleChange> channel) : IDisposable
    {
        public ChannelReader<ModuleChange> Changes => channel.Reader;

        public void Dispose() => service.Remove(channel);
    }
}
