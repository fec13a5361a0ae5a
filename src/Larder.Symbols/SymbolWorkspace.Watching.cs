using Larder.Symbols.Watching;

namespace Larder.Symbols;

/// <content>Watching files.</content>
public sealed partial class SymbolWorkspace
{
    // Guarded by _gate.
    private readonly List<ModuleWatch> _watches = [];

    /// <summary>
    /// Watches the files of the modules that are loaded, and of those that will be in the same folders. A file that changed is
    /// loaded anew and what the caches have of it goes; a file that is gone is unloaded. Nothing else is touched.
    /// </summary>
    /// <param name="folders">
    /// Folders whose new modules are loaded too; null for none. Folders below them count.
    /// </param>
    /// <param name="options">How it watches; null for the defaults.</param>
    public ModuleWatch Watch(IEnumerable<string>? folders = null, ModuleWatchOptions? options = null)
    {
        var watch = new ModuleWatch(this, [.. (folders ?? []).Select(Path.GetFullPath)], options ?? new ModuleWatchOptions(), _time, _logger);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _watches.Add(watch);
        }

        watch.Start();
        return watch;
    }

    internal void Forget(ModuleWatch watch)
    {
        lock (_gate)
        {
            _watches.Remove(watch);
        }
    }

    private async ValueTask StopWatchingAsync()
    {
        ModuleWatch[] watches;
        lock (_gate)
        {
            watches = [.. _watches];
        }

        foreach (var watch in watches)
        {
            await watch.DisposeAsync().ConfigureAwait(false);
        }
    }
}
