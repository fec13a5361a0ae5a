using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Larder.Wasm.Compilation;

namespace Larder.Wasm.Execution;

/// <summary>
/// What all instances of a module begin with, made once: the records of its functions, where the functions of its
/// element segments lie, and its exports by name. Immutable; thread safe.
/// </summary>
internal sealed unsafe class InstanceTemplate
{
    // A reference to nothing, among positions.
    private const int Null = int.MinValue;

    private readonly FunctionRecord[] _records;
    private readonly Dictionary<string, ModuleExport> _exports;

    // For each segment of functions and nulls alone the positions of its functions; null for other segments.
    private readonly int[]?[] _positions;

    public InstanceTemplate(WasmModule module, InstanceLayout layout, GeneratedCode code, ImmutableArray<CanonicalType> types)
    {
        _records = new FunctionRecord[layout.Referenced.Length];
        for (var index = 0; index < _records.Length; index++)
        {
            var type = module.FunctionTypes[layout.Referenced[index]];
            _records[index] = new FunctionRecord
            {
                Code = code.Function(index),
                TypeId = types[type].Id,
                Entry = code.Entry(type),
            };
        }

        _exports = module.Exports.ToDictionary(export => export.Name, StringComparer.Ordinal);
        _positions = [.. module.Elements.Select(segment => Positions(module, layout, segment))];
    }

    /// <summary>The export of this name, if there is one.</summary>
    public bool TryGetExport(string name, [NotNullWhen(true)] out ModuleExport? export) => _exports.TryGetValue(name, out export);

    /// <summary>Writes the records of an instance's functions.</summary>
    public void WriteRecords(FunctionRecord* target, byte* context)
    {
        _records.CopyTo(new Span<FunctionRecord>(target, _records.Length));
        for (var index = 0; index < _records.Length; index++)
        {
            target[index].Context = context;
        }
    }

    /// <summary>Whether a segment holds nothing but functions and nulls, which <see cref="Fill"/> then writes.</summary>
    public bool CanFill(int segment) => _positions[segment] is not null;

    /// <summary>Writes the references of a segment.</summary>
    public void Fill(int segment, nint* target, FunctionRecord* records, byte* context)
    {
        var positions = _positions[segment]!; // The caller asked CanFill.
        for (var index = 0; index < positions.Length; index++)
        {
            var position = positions[index];
            target[index] = position >= 0 ? (nint)records + position
                : position == Null ? 0
                : (nint)context + position;
        }
    }

    // Bytes from the first record, or below the base for an imported function.
    private static int[]? Positions(WasmModule module, InstanceLayout layout, ElementSegment segment)
    {
        var positions = new int[segment.Items.Length];
        for (var index = 0; index < positions.Length; index++)
        {
            var item = segment.Items[index];
            if (item.Kind is not (Opcode.RefFunc or Opcode.RefNull))
            {
                return null;
            }

            var function = (int)item.Value;
            positions[index] = item.Kind == Opcode.RefNull ? Null
                : function < module.ImportedFunctionCount ? layout.ImportRecords[function]
                : FunctionRecord.Bytes * layout.RecordOf(function);
        }

        return positions;
    }
}
