using Larder.Wasm.Decoding;

namespace Larder.Wasm.Validation;

/// <summary>
/// Validates a decoded module: first what its parts say of each other, then the code. Errors do not depend on the number
/// of threads: the one reported is always the first by the order of the parts and of the functions.
/// Source: WebAssembly 2.0, section 3.4.
/// </summary>
internal sealed partial class ModuleValidator
{
    private const ulong MemoryPages = 65_536;
    private const ulong MemoryPages64 = 1UL << 48;

    private readonly WasmModule _module;
    private readonly ModuleLimits _limits;
    private readonly WasmFeatures _features;
    private readonly bool[] _declaredFunctions;
    private readonly ConstantValidator _constants;

    private ModuleValidator(WasmModule module, ModuleLimits limits, WasmFeatures features)
    {
        _module = module;
        _limits = limits;
        _features = features;
        _declaredFunctions = new bool[module.FunctionTypes.Length];
        _constants = new ConstantValidator(module, limits, _declaredFunctions);
    }

    /// <summary>Validates a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="limits">Limits on everything countable.</param>
    /// <param name="features">The parts of the specification that are on.</param>
    /// <param name="threads">The most threads that validate code, the caller's included.</param>
    /// <exception cref="WasmException">The module is not valid.</exception>
    public static void Validate(WasmModule module, ModuleLimits limits, WasmFeatures features, int threads)
    {
        var validator = new ModuleValidator(module, limits, features);
        validator.CheckDeclarations();
        validator.CheckContents();
        validator.CheckCode(threads);
    }

    // Of globals that the module defines, extended constants may read those that come before.
    private int VisibleGlobals(int defined) =>
        _module.ImportedGlobalCount + (Has(WasmFeatures.ExtendedConstants) ? defined : 0);

    private void CheckDeclarations()
    {
        foreach (var import in _module.Imports)
        {
            if (import.Kind == ExternKind.Function && import.TypeIndex >= _module.Types.Length)
            {
                throw Invalid(2, $"unknown type {import.TypeIndex} of import {import.Module}.{import.Name}");
            }
        }

        for (var index = _module.ImportedFunctionCount; index < _module.FunctionTypes.Length; index++)
        {
            if (_module.FunctionTypes[index] >= _module.Types.Length)
            {
                throw Invalid(3, $"unknown type {_module.FunctionTypes[index]} of function {index}");
            }
        }

        CheckTables();
        CheckMemories();
        for (var index = 0; index < _module.DefinedGlobals.Length; index++)
        {
            var global = _module.DefinedGlobals[index];
            _constants.Validate(global.Initial, global.Type.Type, VisibleGlobals(index), "global");
        }

        CheckExports();
        CheckStart();
    }

    private void CheckTables()
    {
        var imported = _module.ImportedTableCount;
        for (var index = 0; index < _module.Tables.Length; index++)
        {
            var table = _module.Tables[index];
            CheckRange(index < imported ? 2 : 4, $"table {index}", table.Limits);
        }

        if (_module.Tables.Length > 1 && !Has(WasmFeatures.ReferenceTypes))
        {
            throw Invalid(4, "multiple tables");
        }

        foreach (var table in _module.DefinedTables)
        {
            if (table.Initial is { } initial)
            {
                _constants.Validate(initial, table.Type.Element, _module.ImportedGlobalCount, "table");
            }
        }
    }

    private void CheckMemories()
    {
        for (var index = 0; index < _module.Memories.Length; index++)
        {
            var memory = _module.Memories[index];
            var section = index < _module.ImportedMemoryCount ? 2 : 5;
            var most = memory.Is64 ? MemoryPages64 : MemoryPages;
            if (memory.Limits.Minimum > most || memory.Limits.Maximum > most)
            {
                throw Invalid(section, memory.Is64
                    ? $"memory size must be at most 2^48 pages, memory {index}"
                    : $"memory size must be at most 65536 pages (4GiB), memory {index}");
            }

            CheckRange(section, $"memory {index}", memory.Limits);
        }

        if (_module.Memories.Length > 1 && !Has(WasmFeatures.MultiMemory))
        {
            throw Invalid(5, "multiple memories");
        }
    }

    private void CheckRange(int section, string what, Limits limits)
    {
        if (limits.Maximum is { } maximum && limits.Minimum > maximum)
        {
            throw Invalid(
                section, $"size minimum must not be greater than maximum: {limits.Minimum} and {maximum} of {what}");
        }
    }

    private void CheckExports()
    {
        var names = new HashSet<string>(_module.Exports.Length, StringComparer.Ordinal);
        foreach (var export in _module.Exports)
        {
            var (what, count) = export.Kind switch
            {
                ExternKind.Function => ("function", _module.FunctionTypes.Length),
                ExternKind.Table => ("table", _module.Tables.Length),
                ExternKind.Memory => ("memory", _module.Memories.Length),
                _ => ("global", _module.Globals.Length),
            };
            if (export.Index >= count)
            {
                throw Invalid(7, $"unknown {what} {export.Index} of export \"{export.Name}\": the module has {count}");
            }

            if (!names.Add(export.Name))
            {
                throw Invalid(7, $"duplicate export name \"{export.Name}\"");
            }

            if (export.Kind == ExternKind.Function)
            {
                _declaredFunctions[export.Index] = true;
            }
        }
    }

    private void CheckStart()
    {
        var start = _module.StartFunction;
        if (start < 0)
        {
            return;
        }

        if (start >= _module.FunctionTypes.Length)
        {
            throw Invalid(8, $"unknown function {start} as start function: the module has {_module.FunctionTypes.Length}");
        }

        var type = _module.FunctionTypeOf(start);
        if (type.Parameters.Length > 0 || type.Results.Length > 0)
        {
            throw Invalid(8, $"start function must be () -> (), function {start} is {type}");
        }
    }

    private void CheckContents()
    {
        var globals = VisibleGlobals(_module.DefinedGlobals.Length);
        foreach (var segment in _module.Elements)
        {
            if (segment.Mode == SegmentMode.Active)
            {
                if (segment.Table >= _module.Tables.Length)
                {
                    throw Invalid(9, $"unknown table {segment.Table}: the module has {_module.Tables.Length}");
                }

                var table = _module.Tables[segment.Table];
                if (table.Element != segment.Type)
                {
                    throw Invalid(
                        9,
                        $"type mismatch: a segment of {segment.Type.ToText()} for table {segment.Table} of {table.Element.ToText()}");
                }

                _constants.Validate(segment.Offset, AddressType(table.Is64), globals, "element");
            }

            foreach (ref readonly var item in segment.Items.AsSpan())
            {
                _constants.Validate(item, segment.Type, globals, "element");
            }
        }

        foreach (var segment in _module.Data)
        {
            if (segment.Mode == SegmentMode.Active)
            {
                if (segment.Memory >= _module.Memories.Length)
                {
                    throw Invalid(11, $"unknown memory {segment.Memory}: the module has {_module.Memories.Length}");
                }

                _constants.Validate(segment.Offset, AddressType(_module.Memories[segment.Memory].Is64), globals, "data");
            }
        }
    }

    private static WasmType AddressType(bool is64) => is64 ? WasmType.I64 : WasmType.I32;

    private bool Has(WasmFeatures feature) => (_features & feature) == feature;

    private WasmException Invalid(int section, string message) => new(
        WasmErrorKind.Invalid,
        message,
        new ModuleLocation(
            ModuleDecoder.SectionName(section),
            section < _module.SectionOffsets.Length ? _module.SectionOffsets[section] : -1));
}
