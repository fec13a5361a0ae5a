using Larder.Symbols;
using Larder.Symbols.Search;
using Larder.Symbols.Watching;
using Larder.Tests.Symbols.Support;

namespace Larder.Tests.Symbols.Watching;

/// <summary>Files that change under a workspace.</summary>
public sealed class ModuleWatchTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Changed_replaced_broken_and_removed_files_take_exactly_their_module()
    {
        await using var workspace = new SymbolWorkspace();
        Write("a.dll", "Older");
        Write("b.dll", "Steady");
        await workspace.LoadAsync([_folder["a.dll"], _folder["b.dll"]]);
        var steady = workspace.Resolve("Some.Class.Steady")[0];
        var older = workspace.Resolve("Some.Class.Older")[0];
        await workspace.GetAsync(steady);
        await workspace.GetAsync(older);
        await using var watch = workspace.Watch();

        Write("a.dll", "Newer");
        Assert.Equal(new ModuleChange(_folder["a.dll"], ModuleChangeKind.Changed), await NextAsync(watch));
        Assert.False(workspace.Cache.Symbols.Contains(older));
        Assert.True(workspace.Cache.Symbols.Contains(steady));
        Assert.Equal(1, workspace.Find(new SymbolQuery { Pattern = "Newer" }).Total);

        // In place, as compilers write.
        await File.WriteAllBytesAsync(_folder["a.dll"], Sample.Assembly("a", "Some.Class", "Newest"));
        Assert.Equal(ModuleChangeKind.Changed, (await NextAsync(watch)).Kind);
        Assert.Equal(1, workspace.Find(new SymbolQuery { Pattern = "Newest" }).Total);

        await File.WriteAllTextAsync(_folder["a.dll"], "no assembly any more");
        var broken = await NextAsync(watch);
        Assert.Equal(ModuleChangeKind.Broken, broken.Kind);
        Assert.Contains(_folder["a.dll"], broken.Problem!, StringComparison.Ordinal);
        Assert.Equal(0, workspace.Find(new SymbolQuery { Pattern = "Newest" }).Total);

        File.Delete(_folder["b.dll"]);
        Assert.Equal(new ModuleChange(_folder["b.dll"], ModuleChangeKind.Removed), await NextAsync(watch));
        Assert.Empty(workspace.Modules);
        Assert.False(workspace.Cache.Symbols.Contains(steady));
    }

    [Fact]
    public async Task New_modules_of_a_watched_folder_are_loaded()
    {
        await using var workspace = new SymbolWorkspace();
        Write("a.dll", "First");
        await workspace.LoadAsync([_folder["a.dll"]]);
        await using var watch = workspace.Watch([_folder.Path]);

        Write("b.dll", "Second");

        Assert.Equal(new ModuleChange(_folder["b.dll"], ModuleChangeKind.Added), await NextAsync(watch));
        Assert.Equal(2, workspace.Modules.Count);
    }

    [Fact]
    public async Task A_file_system_that_tells_nothing_is_looked_at()
    {
        await using var workspace = new SymbolWorkspace();
        Write("a.dll", "First");
        await workspace.LoadAsync([_folder["a.dll"]]);
        File.Delete(_folder["a.dll"]);
        await using var watch = workspace.Watch(options: new ModuleWatchOptions { Interval = TimeSpan.FromMilliseconds(50) });

        Assert.Equal(ModuleChangeKind.Removed, (await NextAsync(watch)).Kind);
    }

    [Fact]
    public async Task Touching_a_file_changes_nothing()
    {
        await using var workspace = new SymbolWorkspace();
        Write("a.dll", "First");
        await workspace.LoadAsync([_folder["a.dll"]]);
        var key = workspace.Resolve("Some.Class.First")[0];
        await workspace.GetAsync(key);

        File.SetLastWriteTimeUtc(_folder["a.dll"], DateTime.UtcNow.AddMinutes(-5));
        var change = await workspace.RefreshAsync(_folder["a.dll"]);

        Assert.Equal(ModuleChangeKind.None, change.Kind);
        Assert.True(workspace.Cache.Symbols.Contains(key));
    }

    private static async Task<ModuleChange> NextAsync(ModuleWatch watch) =>
        await watch.Changes.ReadAsync().AsTask().WaitAsync(Patience);

    // Aside, then renamed, as installers write.
    private void Write(string name, string method)
    {
        File.WriteAllBytes(_folder[name + ".tmp"], Sample.Assembly(name, "Some.Class", method));
        File.Move(_folder[name + ".tmp"], _folder[name], overwrite: true);
    }
}
