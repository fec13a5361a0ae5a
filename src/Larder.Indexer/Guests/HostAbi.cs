using System.Collections.Frozen;
using Larder.Wasm;
using Larder.Wasm.Modules;

namespace Larder.Indexer.Guests;

/// <summary>The functions that guests may import: names, types, and what makes one of them for a store.</summary>
internal static class HostAbi
{
    /// <summary>Name of the module that they are imported from.</summary>
    public const string Module = "env";

    private static readonly FrozenDictionary<string, Entry> Functions = new Dictionary<string, Entry>(StringComparer.Ordinal)
    {
        ["__host_len"] = new(0, 1, static (store, host) => WasmFunction.From(store, (Func<Instance, int>)host.HostLength)),
        ["__load_input"] = new(1, 0, static (store, host) => WasmFunction.From(store, (Action<Instance, int>)host.LoadInput)),
        ["__get_len"] = new(1, 1, static (store, host) => WasmFunction.From(store, (Func<Instance, int, int>)host.GetLength)),
        ["__get"] = new(2, 0, static (store, host) => WasmFunction.From(store, (Action<Instance, int, int>)host.Get)),
        ["__flush"] = new(1, 0, static (store, host) => WasmFunction.From(store, (Action<Instance, int>)host.Flush)),
        ["__log"] = new(1, 0, static (store, host) => WasmFunction.From(store, (Action<Instance, int>)host.Log)),
        ["abort"] = new(4, 0, static (store, host) => WasmFunction.From(store, (Action<Instance, int, int, int, int>)host.Abort)),
        ["__is_dry_run"] = new(0, 1, static (store, host) => WasmFunction.From(store, (Func<Instance, int>)host.IsDryRun)),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What is wrong with an import; null when it can be served.</summary>
    public static string? Refuse(ModuleImport import)
    {
        if (import.Kind == ExternKind.Memory)
        {
            // It gets one of its own.
            return null;
        }

        if (import.Kind != ExternKind.Function)
        {
            var kind = import.Kind.ToString().ToLowerInvariant();
            return $"it imports the {kind} \"{import.Module}\".\"{import.Name}\"; guests are given functions, and no more than one memory";
        }

        return Find(import) is { } known && !known.Type.Equals(import.Function)
            ? $"it imports \"{import.Module}\".\"{import.Name}\" as {import.Function}, which is {known.Type}"
            : null;
    }

    /// <summary>Everything that a module imports, for an instance in that store.</summary>
    public static Imports Create(WasmModule module, Store store, GuestHost host)
    {
        var imports = new Imports();
        foreach (var import in module.Imports)
        {
            // Load has refused all but functions.
            var function = Find(import) is { } known
                ? known.Make(store, host)
                : new WasmFunction(store, import.Function!, (_, _, _) => throw Unknown(import));
            imports.Add(import.Module, import.Name, function);
        }

        return imports;
    }

    private static Entry? Find(ModuleImport import) =>
        import.Module == Module ? Functions.GetValueOrDefault(import.Name) : null;

    private static HostTrapException Unknown(ModuleImport import) =>
        new($"the import \"{import.Module}\".\"{import.Name}\" was called, which is not served");

    private sealed class Entry(int parameters, int results, Func<Store, GuestHost, WasmFunction> make)
    {
        public FunctionType Type { get; } = new(
            [.. Enumerable.Repeat(WasmType.I32, parameters)], [.. Enumerable.Repeat(WasmType.I32, results)]);

        public Func<Store, GuestHost, WasmFunction> Make { get; } = make;
    }
}
