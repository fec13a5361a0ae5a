using Larder.Cache.Memory;
using Larder.Symbols.Details;

namespace Larder.Symbols.Modules;

/// <summary>
/// The modules that are loaded, at one moment: immutable, so that a search sees one state. Readers hold it while they read,
/// and it holds the tables.
/// </summary>
internal sealed class ModuleSet
{
    private const long MaxAnswerBytes = 8 * 1024 * 1024;
    private const long EntryBytes = 160;

    private readonly Dictionary<string, int> _byPath = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _byName = new(StringComparer.OrdinalIgnoreCase);
    private int _references = 1;

    /// <summary>Creates a set; it holds the modules from then on.</summary>
    /// <param name="modules">In the order of their paths.</param>
    public ModuleSet(LoadedModule[] modules)
    {
        Modules = modules;
        for (var i = 0; i < modules.Length; i++)
        {
            modules[i].Acquire();
            _byPath[modules[i].Id.Path] = i;
            _byName.TryAdd(modules[i].Name, i);
        }
    }

    public LoadedModule[] Modules { get; }

    /// <summary>What names were resolved to: true as long as the modules are these, and gone with the set.</summary>
    public BoundedCache<string, SymbolKey[]> Answers { get; } = new(new BoundedCacheOptions<string, SymbolKey[]>
    {
        CapacityBytes = MaxAnswerBytes,
        ShardCount = 1,
        Weigher = static (question, keys) => EntryBytes + SymbolWeight.Of(question) + (16L * keys.Length),
    });

    public LoadedModule? ByPath(string path) => _byPath.TryGetValue(path, out var place) ? Modules[place] : null;

    public LoadedModule? ByName(string name) => _byName.TryGetValue(name, out var place) ? Modules[place] : null;

    /// <summary>The module if it still is what it was.</summary>
    public LoadedModule? ById(ModuleId id) => ByPath(id.Path) is { } module && module.Id.Equals(id) ? module : null;

    /// <summary>Holds the set; false when it is gone already and there is a newer one.</summary>
    public bool TryAcquire()
    {
        for (var seen = Volatile.Read(ref _references); seen > 0;)
        {
            var found = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            foreach (var module in Modules)
            {
                module.Release();
            }
        }
    }
}
