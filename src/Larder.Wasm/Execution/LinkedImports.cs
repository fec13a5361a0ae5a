using System.Globalization;

namespace Larder.Wasm.Execution;

/// <summary>The imports of one instance, found by name and checked against the types that the module asks for.</summary>
internal sealed record LinkedImports(
    WasmFunction[] Functions,
    WasmTable[] Tables,
    WasmMemory[] Memories,
    WasmGlobal[] Globals)
{
    /// <exception cref="WasmException">An import is missing or has another type.</exception>
    public static LinkedImports Resolve(Store store, CompiledModule module, Imports? imports)
    {
        var functions = new List<WasmFunction>();
        var tables = new List<WasmTable>();
        var memories = new List<WasmMemory>();
        var globals = new List<WasmGlobal>();
        foreach (var import in module.Module.Imports)
        {
            var item = imports?.Find(import.Module, import.Name)
                ?? throw Unlinkable(import, "unknown import: nothing of this name was given");
            switch (item)
            {
                case WasmFunction function when import.Kind == ExternKind.Function:
                    Check(import, store, function.Store, function.Type.Equals(import.Function), function.Type, import.Function);
                    functions.Add(function);
                    break;
                case WasmTable table when import.Kind == ExternKind.Table:
                    var tableFits = table.Type.Element == import.Table.Element
                        && table.Type.Is64 == import.Table.Is64
                        && Fits(import.Table.Limits, table.Length, table.Type.Limits.Maximum);
                    Check(import, store, table.Store, tableFits, table.Type, import.Table);
                    tables.Add(table);
                    break;
                case WasmMemory memory when import.Kind == ExternKind.Memory:
                    var memoryFits = memory.Type.Is64 == import.Memory.Is64
                        && Fits(import.Memory.Limits, memory.Pages, memory.Type.Limits.Maximum);
                    Check(import, store, memory.Store, memoryFits, memory.Type, import.Memory);
                    if (module.UsesGuardPages && !memory.HasGuard && !memory.Type.Is64)
                    {
                        throw Unlinkable(import, "code that relies on guard pages cannot use a memory without them");
                    }

                    memories.Add(memory);
                    break;
                case WasmGlobal global when import.Kind == ExternKind.Global:
                    Check(import, store, global.Store, global.Type == import.Global, global.Type, import.Global);
                    globals.Add(global);
                    break;
                default:
                    throw Unlinkable(import, $"incompatible import type: a {KindOf(item)} was given");
            }
        }

        return new LinkedImports([.. functions], [.. tables], [.. memories], [.. globals]);
    }

    // The wanted limits must hold for the present size and the declared maximum.
    private static bool Fits(Limits wanted, ulong present, ulong? maximum) =>
        present >= wanted.Minimum && (wanted.Maximum is null || (maximum is { } most && most <= wanted.Maximum));

    private static void Check(ModuleImport import, Store wanted, Store given, bool fits, object? givenType, object? wantedType)
    {
        if (given != wanted)
        {
            throw Unlinkable(import, "what was given belongs to another store");
        }

        if (!fits)
        {
            throw Unlinkable(
                import, string.Create(CultureInfo.InvariantCulture, $"incompatible import type: {givenType} was given for {wantedType}"));
        }
    }

    private static WasmException Unlinkable(ModuleImport import, string message) =>
        new(WasmErrorKind.Unlinkable, $"import \"{import.Module}\" \"{import.Name}\" ({KindOf(import.Kind)}): {message}");

    private static string KindOf(ExternKind kind) => kind switch
    {
        ExternKind.Function => "function",
        ExternKind.Table => "table",
        ExternKind.Memory => "memory",
        _ => "global",
    };

    private static string KindOf(object item) => item switch
    {
        WasmFunction => "function",
        WasmTable => "table",
        WasmMemory => "memory",
        _ => "global",
    };
}
