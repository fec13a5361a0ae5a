using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Larder.Wasm.Decoding;

/// <summary>The sections that declare: types, imports, functions, tables, memories, globals, exports.</summary>
internal sealed partial class ModuleDecoder
{
    private const byte FunctionForm = 0x60;

    private void ReadTypes(ref ByteReader reader)
    {
        var types = new FunctionType[ReadCount(ref reader, "types", _limits.Types, minimumBytes: 3)];
        for (var index = 0; index < types.Length; index++)
        {
            var start = reader.Position;
            var form = reader.ReadByte();
            if (form != FunctionForm)
            {
                throw form is 0x5E or 0x5F or 0x50 or 0x4F or 0x4E
                    ? reader.UnsupportedAt(start, "garbage collection")
                    : reader.MalformedAt(start, $"malformed definition type 0x{form:x2}");
            }

            var parameters = ReadValueTypes(ref reader, "parameters", _limits.Parameters);
            var results = ReadValueTypes(ref reader, "results", _limits.Results);
            types[index] = new FunctionType(parameters, results);
        }

        _types = types;
    }

    private ImmutableArray<WasmType> ReadValueTypes(ref ByteReader reader, string what, int limit)
    {
        var count = ReadCount(ref reader, what, limit, minimumBytes: 1);
        if (count == 0)
        {
            return [];
        }

        if (count == 1)
        {
            return BlockType.One(ReadValueType(ref reader));
        }

        var types = new WasmType[count];
        for (var index = 0; index < types.Length; index++)
        {
            types[index] = ReadValueType(ref reader);
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(types);
    }

    private WasmType ReadValueType(ref ByteReader reader)
    {
        var start = reader.Position;
        var type = reader.ReadValueType();
        CheckFeature(in reader, start, type);
        return type;
    }

    private void CheckFeature(in ByteReader reader, int position, WasmType type)
    {
        if (type == WasmType.V128 && !Has(WasmFeatures.Simd))
        {
            throw reader.UnsupportedAt(position, "SIMD");
        }

        if (type is WasmType.FuncRef or WasmType.ExternRef && !Has(WasmFeatures.ReferenceTypes))
        {
            throw reader.UnsupportedAt(position, "reference types");
        }
    }

    private void ReadImports(ref ByteReader reader)
    {
        var imports = new ModuleImport[ReadCount(ref reader, "imports", _limits.Imports, minimumBytes: 3)];
        var functionTypes = new List<int>();
        var globals = new List<GlobalType>();
        for (var index = 0; index < imports.Length; index++)
        {
            var module = reader.ReadName(_limits.NameBytes);
            var name = reader.ReadName(_limits.NameBytes);
            var start = reader.Position;
            var import = ReadImport(ref reader, module, name);
            imports[index] = import;
            switch (import.Kind)
            {
                case ExternKind.Function:
                    functionTypes.Add(import.TypeIndex);
                    CheckLimit(in reader, start, "functions", functionTypes.Count, _limits.Functions);
                    break;
                case ExternKind.Table:
                    _tables.Add(import.Table);
                    CheckLimit(in reader, start, "tables", _tables.Count, _limits.Tables);
                    break;
                case ExternKind.Memory:
                    _memories.Add(import.Memory);
                    CheckLimit(in reader, start, "memories", _memories.Count, _limits.Memories);
                    break;
                default:
                    globals.Add(import.Global);
                    CheckLimit(in reader, start, "globals", globals.Count, _limits.Globals);
                    break;
            }
        }

        _imports = imports;
        _functionTypes = [.. functionTypes];
        _importedFunctionCount = _functionTypes.Length;
        _importedMemoryCount = _memories.Count;
        _globals = [.. globals];
    }

    private ModuleImport ReadImport(ref ByteReader reader, string module, string name)
    {
        var start = reader.Position;
        var kind = reader.ReadByte();
        switch (kind)
        {
            case (byte)ExternKind.Function:
                var type = reader.ReadIndex();
                return new ModuleImport(module, name, ExternKind.Function)
                {
                    TypeIndex = type,
                    Function = type < _types.Length ? _types[type] : null,
                };
            case (byte)ExternKind.Table:
                return new ModuleImport(module, name, ExternKind.Table) { Table = ReadTableType(ref reader) };
            case (byte)ExternKind.Memory:
                return new ModuleImport(module, name, ExternKind.Memory) { Memory = ReadMemoryType(ref reader) };
            case (byte)ExternKind.Global:
                return new ModuleImport(module, name, ExternKind.Global) { Global = ReadGlobalType(ref reader) };
            case 4:
                throw reader.UnsupportedAt(start, "exception handling");
            default:
                throw reader.MalformedAt(start, $"malformed import kind 0x{kind:x2}");
        }
    }

    private void ReadFunctions(ref ByteReader reader)
    {
        var count = ReadCount(ref reader, "functions", _limits.Functions, minimumBytes: 1, _importedFunctionCount);
        var all = new int[_importedFunctionCount + count];
        _functionTypes.CopyTo(all, 0);
        for (var index = _importedFunctionCount; index < all.Length; index++)
        {
            all[index] = reader.ReadIndex();
        }

        _functionTypes = all;
    }

    private void ReadTables(ref ByteReader reader)
    {
        var definitions =
            new TableDefinition[ReadCount(ref reader, "tables", _limits.Tables, minimumBytes: 2, _tables.Count)];
        for (var index = 0; index < definitions.Length; index++)
        {
            ConstantExpression? initial = null;
            TableType type;
            if (reader.PeekByte() == 0x40)
            {
                // A table with a first value: the byte that no type starts with, a zero, the type and an expression.
                reader.ReadByte();
                if (reader.ReadByte() != 0)
                {
                    throw reader.MalformedAt(reader.Position - 1, "zero byte expected");
                }

                type = ReadTableType(ref reader);
                initial = ReadConstant(ref reader);
            }
            else
            {
                type = ReadTableType(ref reader);
            }

            _tables.Add(type);
            definitions[index] = new TableDefinition(type, initial);
        }

        _definedTables = definitions;
    }

    private void ReadMemories(ref ByteReader reader)
    {
        var count = ReadCount(ref reader, "memories", _limits.Memories, minimumBytes: 1, _memories.Count);
        for (var index = 0; index < count; index++)
        {
            _memories.Add(ReadMemoryType(ref reader));
        }
    }

    private void ReadGlobals(ref ByteReader reader)
    {
        var imported = _globals.Length;
        var count = ReadCount(ref reader, "globals", _limits.Globals, minimumBytes: 3, imported);
        var all = new GlobalType[imported + count];
        _globals.CopyTo(all, 0);
        var definitions = new GlobalDefinition[count];
        for (var index = 0; index < count; index++)
        {
            var type = ReadGlobalType(ref reader);
            definitions[index] = new GlobalDefinition(type, ReadConstant(ref reader));
            all[imported + index] = type;
        }

        _globals = all;
        _definedGlobals = definitions;
    }

    private void ReadExports(ref ByteReader reader)
    {
        var exports = new ModuleExport[ReadCount(ref reader, "exports", _limits.Exports, minimumBytes: 3)];
        for (var index = 0; index < exports.Length; index++)
        {
            var name = reader.ReadName(_limits.NameBytes);
            var start = reader.Position;
            var kind = reader.ReadByte();
            if (kind > (byte)ExternKind.Global)
            {
                throw kind == 4
                    ? reader.UnsupportedAt(start, "exception handling")
                    : reader.MalformedAt(start, $"malformed export kind 0x{kind:x2}");
            }

            exports[index] = new ModuleExport(name, (ExternKind)kind, reader.ReadIndex());
        }

        _exports = exports;
    }

    private TableType ReadTableType(ref ByteReader reader)
    {
        var start = reader.Position;
        var element = reader.ReadReferenceType();
        if (element != WasmType.FuncRef)
        {
            CheckFeature(in reader, start, element);
        }

        var limits = ReadLimits(ref reader, out var is64);
        return new TableType(element, limits, is64);
    }

    private MemoryType ReadMemoryType(ref ByteReader reader)
    {
        var limits = ReadLimits(ref reader, out var is64);
        return new MemoryType(limits, is64);
    }

    private Limits ReadLimits(ref ByteReader reader, out bool is64)
    {
        var start = reader.Position;
        var flags = reader.ReadByte();
        is64 = (flags & 4) != 0;
        if (flags > 7)
        {
            throw reader.MalformedAt(start, $"malformed limits flags 0x{flags:x2}");
        }

        if ((flags & 2) != 0)
        {
            throw reader.UnsupportedAt(start, "threads");
        }

        if (is64 && !Has(WasmFeatures.Memory64))
        {
            throw reader.UnsupportedAt(start, "64-bit memories and tables");
        }

        var minimum = is64 ? reader.ReadU64() : reader.ReadU32();
        ulong? maximum = null;
        if ((flags & 1) != 0)
        {
            maximum = is64 ? reader.ReadU64() : reader.ReadU32();
        }

        return new Limits(minimum, maximum);
    }

    private GlobalType ReadGlobalType(ref ByteReader reader)
    {
        var type = ReadValueType(ref reader);
        var start = reader.Position;
        var mutability = reader.ReadByte();
        return mutability <= 1
            ? new GlobalType(type, mutability == 1)
            : throw reader.MalformedAt(start, $"malformed mutability 0x{mutability:x2}");
    }

    private static void CheckLimit(in ByteReader reader, int position, string what, int count, int limit)
    {
        if (count > limit)
        {
            throw LimitExceeded(in reader, position, what, count, limit);
        }
    }
}
