using Larder.Symbols.Tables;
using Larder.Wasm.Modules;

namespace Larder.Symbols.Reading;

/// <summary>
/// Reads the symbols of a WebAssembly module: types, functions, globals, memories and tables. A thing has the first name by
/// which it is exported, else that of the name section, else that of its import, else its kind and index.
/// </summary>
internal sealed class WasmReader
{
    private readonly WasmModule _module;
    private readonly TableWriter _writer;
    private readonly Utf8Builder _identifier = new();
    private readonly Utf8Builder _name = new();
    private readonly Utf8Builder _text = new();
    private readonly Dictionary<(ExternKind, int), string> _exports = [];

    private WasmReader(WasmModule module)
    {
        _module = module;
        _writer = new TableWriter(module.FunctionCount + module.Globals.Length + 64) { Kind = ModuleKind.WebAssembly };
    }

    /// <summary>Reads a decoded module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="fileName">Its name when it has none of its own.</param>
    public static TableWriter Read(WasmModule module, string fileName)
    {
        var reader = new WasmReader(module);
        reader.ReadModule(fileName);
        foreach (var export in module.Exports)
        {
            reader._exports.TryAdd((export.Kind, export.Index), export.Name);
        }

        reader.ReadTypes();
        reader.ReadFunctions();
        reader.ReadStorage();
        reader.ReadAliases();
        return reader._writer;
    }

    private static string TypeName(WasmType type) => type.ToString().ToLowerInvariant();

    private void ReadModule(string fileName)
    {
        SetName(_module.Names.Module is { Length: > 0 } own ? own : fileName);
        _writer.ModuleName = (int)_writer.Text(_name.Written);
        foreach (var import in _module.Imports.Select(static import => import.Module).Distinct(StringComparer.Ordinal))
        {
            _text.Clear();
            _text.Append(import);
            _writer.Refer(_text.Written);
        }

        Add(SymbolKind.Module, SymbolForm.Plain, isExported: true, SymbolTraits.None, 0, type: null, suffix: null);
    }

    private void ReadTypes()
    {
        for (var index = 0; index < _module.Types.Length; index++)
        {
            SetName($"type[{index}]");
            Add(SymbolKind.Type, SymbolForm.Delegate, false, SymbolTraits.None, index, _module.Types[index].ToString(), null);
        }
    }

    private void ReadFunctions()
    {
        var imports = _module.Imports.Where(static import => import.Kind == ExternKind.Function).ToArray();
        for (var index = 0; index < _module.FunctionCount; index++)
        {
            var import = index < imports.Length ? imports[index] : null;
            var isExported = SetName(ExternKind.Function, index, _module.Names.Function(index), import);
            Add(
                SymbolKind.Function, SymbolForm.Method, isExported, Imported(import), index,
                _module.FunctionTypeOf(index).ToString(), null);
        }
    }

    private void ReadStorage()
    {
        var globals = ImportsOf(ExternKind.Global);
        for (var index = 0; index < _module.Globals.Length; index++)
        {
            var type = _module.Globals[index];
            var import = index < globals.Length ? globals[index] : null;
            var isExported = SetName(ExternKind.Global, index, null, import);
            var value = type.IsMutable || import is not null ? null : GlobalValue.Of(_module, index - globals.Length);
            Add(
                value is null ? SymbolKind.Field : SymbolKind.Constant, SymbolForm.Global, isExported,
                Imported(import) | (type.IsMutable ? SymbolTraits.None : SymbolTraits.ReadOnly), index, TypeName(type.Type), value);
        }

        var memories = ImportsOf(ExternKind.Memory);
        for (var index = 0; index < _module.Memories.Length; index++)
        {
            var import = index < memories.Length ? memories[index] : null;
            var isExported = SetName(ExternKind.Memory, index, null, import);
            Add(SymbolKind.Field, SymbolForm.Memory, isExported, Imported(import), index, "memory", null);
        }

        var tables = ImportsOf(ExternKind.Table);
        for (var index = 0; index < _module.Tables.Length; index++)
        {
            var import = index < tables.Length ? tables[index] : null;
            var isExported = SetName(ExternKind.Table, index, null, import);
            Add(SymbolKind.Field, SymbolForm.Table, isExported, Imported(import), index, TypeName(_module.Tables[index].Element), null);
        }
    }

    // What is exported by several names is found by each.
    private void ReadAliases()
    {
        foreach (var export in _module.Exports)
        {
            if (_exports[(export.Kind, export.Index)] == export.Name)
            {
                continue;
            }

            SetName(export.Name);
            var (kind, form, type) = export.Kind switch
            {
                ExternKind.Function => (SymbolKind.Function, SymbolForm.Method, _module.FunctionTypeOf(export.Index).ToString()),
                ExternKind.Global => (SymbolKind.Field, SymbolForm.Global, TypeName(_module.Globals[export.Index].Type)),
                ExternKind.Memory => (SymbolKind.Field, SymbolForm.Memory, "memory"),
                _ => (SymbolKind.Field, SymbolForm.Table, TypeName(_module.Tables[export.Index].Element)),
            };
            Add(kind, form, true, SymbolTraits.None, export.Index, type, null);
        }
    }

    private ModuleImport[] ImportsOf(ExternKind kind) => [.. _module.Imports.Where(import => import.Kind == kind)];

    private static SymbolTraits Imported(ModuleImport? import) => import is null ? SymbolTraits.None : SymbolTraits.Imported;

    private bool SetName(ExternKind kind, int index, string? own, ModuleImport? import)
    {
        var isExported = _exports.TryGetValue((kind, index), out var exported);
        SetName(exported ?? own
            ?? (import is null ? $"{kind.ToString().ToLowerInvariant()}[{index}]" : $"{import.Module}.{import.Name}"));
        return isExported;
    }

    private void SetName(string name)
    {
        _name.Clear();
        _name.Append(name);
    }

    private void Add(SymbolKind kind, SymbolForm form, bool isExported, SymbolTraits traits, int index, string? type, string? suffix)
    {
        // Names may hold anything; the table's may not hold a zero byte.
        var name = _name.Written;
        var zero = name.IndexOf((byte)0);
        name = zero < 0 ? name : name[..zero];
        _identifier.Clear();
        _identifier.Append(SymbolTable.LetterOf(kind, form));
        _identifier.Append((byte)':');
        _identifier.Append(name);
        var record = new SymbolRecord
        {
            Token = (uint)index,
            Bits = SymbolRecord.Pack(
                kind, form, isExported ? SymbolVisibility.Public : SymbolVisibility.Internal,
                traits | (isExported ? SymbolTraits.Exported : SymbolTraits.None)),
        };
        record.Type = Text(type);
        record.Value = Text(suffix);
        _writer.Add(record, name, _identifier.Written);
    }

    private uint Text(string? text)
    {
        if (text is null)
        {
            return 0;
        }

        _text.Clear();
        _text.Append(text);
        return _writer.Text(_text.Written);
    }
}
