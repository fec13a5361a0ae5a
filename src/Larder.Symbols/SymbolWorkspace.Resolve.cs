using System.Text;
using Larder.Cache.Memory;
using Larder.Symbols.Caching;
using Larder.Symbols.Modules;
using Larder.Symbols.Search;
using Larder.Symbols.Tables;

namespace Larder.Symbols;

/// <content>From a key to the symbol it means.</content>
public sealed partial class SymbolWorkspace
{
    // A type may be forwarded to a module that forwards it on.
    private const int MaxForwards = 8;

    private delegate TData Builder<out TData>(SymbolTable table, ModuleId module, int symbol, string id);

    private CachedSymbol<TData>? Make<TData>(SymbolKey key, SymbolKind kind, Builder<TData> build)
        where TData : class
    {
        using var set = Hold();
        return Locate(set, key) is { } place && place.Module.Table[place.Symbol].Kind == kind ? Make(key, place, build) : null;
    }

    private CachedSymbol<TData>? Make<TData>(SymbolKey key, Builder<TData> build)
        where TData : class
    {
        using var set = Hold();
        return Locate(set, key) is { } place ? Make(key, place, build) : null;
    }

    private static CachedSymbol<TData> Make<TData>(SymbolKey key, (LoadedModule Module, int Symbol) place, Builder<TData> build)
        where TData : class
    {
        var isOwn = key.Module.Equals(place.Module.Id);
        return new CachedSymbol<TData>(
            build(place.Module.Table, place.Module.Id, place.Symbol, key.Id), isOwn ? null : place.Module.Id);
    }

    private static (LoadedModule Module, int Symbol)? Locate(ModuleSet set, SymbolKey key)
    {
        var module = set.ById(key.Module);
        var id = Encoding.UTF8.GetBytes(key.Id);
        for (var forwards = 0; module is not null && forwards <= MaxForwards; forwards++)
        {
            var symbol = module.Table.Find(id);
            if (symbol >= 0 && module.Table[symbol].Form != SymbolForm.Forward)
            {
                return (module, symbol);
            }

            var target = symbol >= 0 ? module.Table.TextString(module.Table[symbol].Type) : ForwardOf(module.Table, id);
            var next = target is { Length: > 0 } ? set.ByName(target) : null;
            if (next is null && symbol >= 0)
            {
                // The module that has it is not loaded; that it is forwarded is all there is to say.
                return (module, symbol);
            }

            module = next;
        }

        return null;
    }

    // The module that has the type of a member: M:A.B.C(D) is a member of A.B, or of nothing.
    private static string? ForwardOf(SymbolTable table, ReadOnlySpan<byte> id)
    {
        var name = id;
        var end = name.IndexOfAny((byte)'(', (byte)'~');
        name = end < 0 ? name : name[..end];
        while (name.LastIndexOf((byte)'.') is > 2 and var point)
        {
            name = name[..point];
            var type = name.ToArray();
            type[0] = (byte)'T';
            var symbol = table.Find(type);
            if (symbol >= 0)
            {
                return table[symbol].Form == SymbolForm.Forward ? table.TextString(table[symbol].Type) : null;
            }
        }

        return null;
    }

    private static SymbolKey[] ResolveAnew(ModuleSet set, NameQuestion question)
    {
        var name = question.Name;
        var isIdentifier = name.Length > 2 && name[1] == ':';
        if (!isIdentifier && !name.Contains('(', StringComparison.Ordinal))
        {
            var exact = new SymbolQuery
            {
                Pattern = name,
                Match = SymbolMatch.Exact,
                Module = question.Module,
                IncludesHidden = question.IncludesHidden,
                Limit = MaxResolved,
            };
            return [.. Find(set, exact).Hits.Select(static hit => hit.Key)];
        }

        var keys = new List<SymbolKey>();
        var filter = question.Module is { Length: > 0 } module ? new ModuleFilter(module) : null;
        foreach (var id in isIdentifier ? (string[])[name] : ["M:" + name, "P:" + name])
        {
            var bytes = Encoding.UTF8.GetBytes(id);
            var hash = NameHash.Of(bytes);
            foreach (var loaded in set.Modules)
            {
                if (filter?.Fits(loaded) != false && loaded.Table.Find(bytes, hash) is >= 0 and var symbol
                    && (filter is not null || loaded.Table[symbol].Form != SymbolForm.Forward))
                {
                    keys.Add(new SymbolKey(loaded.Id, id));
                }
            }
        }

        return [.. keys];
    }

    private Holder Hold()
    {
        while (true)
        {
            var set = Volatile.Read(ref _modules);
            if (set.TryAcquire())
            {
                return new Holder(set);
            }
        }
    }

    private readonly struct Holder(ModuleSet set) : IDisposable
    {
        public LoadedModule[] Modules => set.Modules;

        public static implicit operator ModuleSet(Holder holder) => holder.Set;

        private ModuleSet Set => set;

        public BoundedCache<string, SymbolKey[]> Answers => set.Answers;

        public LoadedModule? ByPath(string path) => set.ByPath(path);

        public LoadedModule? ById(ModuleId id) => set.ById(id);

        public void Dispose() => set.Release();
    }
}
