using Larder.Wasm.Compilation;
using Larder.Wasm.Execution;

namespace Larder.Wasm;

/// <summary>
/// A module that was given its imports and has state of its own. Like its store, for one thread at a time; it lives as
/// long as the store.
/// </summary>
public sealed unsafe partial class Instance
{
    private readonly byte* _base;
    private readonly LinkedImports _imports;
    private readonly FunctionRecord* _records;
    private readonly WasmGlobal[] _globals;
    private readonly bool[] _droppedData;
    private readonly nint[]?[] _elements;

    // With an image the memories begin as it has them.
    internal Instance(Store store, CompiledModule module, LinkedImports imports, InstanceSnapshot? snapshot)
    {
        Store = store;
        Module = module;
        _imports = imports;
        var definition = module.Module;
        var layout = module.Layout;
        Memories = [.. imports.Memories, .. new WasmMemory[definition.Memories.Length - imports.Memories.Length]];
        Tables = [.. imports.Tables, .. new WasmTable[definition.DefinedTables.Length]];
        _globals = [.. imports.Globals, .. new WasmGlobal[definition.DefinedGlobals.Length]];
        _droppedData = new bool[definition.Data.Length];
        _elements = new nint[definition.Elements.Length][];

        _base = CreateMemories(definition, layout, snapshot);
        _records = (FunctionRecord*)store.Allocate(FunctionRecord.Bytes * layout.Referenced.Length);
        WriteState(definition, layout);
        WriteRecords(definition);
        for (var index = imports.Tables.Length; index < Tables.Length; index++)
        {
            Tables[index] = new WasmTable(store, definition.Tables[index]);
        }

        WriteReferences(layout);
    }

    /// <summary>The module.</summary>
    public CompiledModule Module { get; }

    /// <summary>The store that it belongs to.</summary>
    public Store Store { get; }

    /// <summary>
    /// Fuel left, for modules compiled with <see cref="CompileOptions.Fuel"/>. Negative after a trap for want of fuel.
    /// </summary>
    public long Fuel
    {
        get
        {
            Store.ThrowIfDisposed();
            return *(long*)(_base + InstanceLayout.Fuel);
        }

        set
        {
            Store.ThrowIfDisposed();
            *(long*)(_base + InstanceLayout.Fuel) = value;
        }
    }

    /// <summary>Stack units that its calls may still take.</summary>
    internal long DepthLeft
    {
        get => *(long*)(_base + InstanceLayout.DepthLeft);
        set => *(long*)(_base + InstanceLayout.DepthLeft) = value;
    }

    internal WasmMemory[] Memories { get; }

    internal WasmTable[] Tables { get; }

    /// <summary>The exported function of this name; null when there is none.</summary>
    public WasmFunction? Function(string name) => Find(name, ExternKind.Function) as WasmFunction;

    /// <summary>The exported memory of this name; null when there is none.</summary>
    public WasmMemory? Memory(string name) => Find(name, ExternKind.Memory) as WasmMemory;

    /// <summary>The exported table of this name; null when there is none.</summary>
    public WasmTable? Table(string name) => Find(name, ExternKind.Table) as WasmTable;

    /// <summary>The exported global of this name; null when there is none.</summary>
    public WasmGlobal? Global(string name) => Find(name, ExternKind.Global) as WasmGlobal;

    internal object Export(ModuleExport export) => export.Kind switch
    {
        ExternKind.Function => FunctionObject(export.Index),
        ExternKind.Memory => Memories[export.Index],
        ExternKind.Table => Tables[export.Index],
        _ => _globals[export.Index],
    };

    internal void SetStackLimit(nuint limit) => *(nuint*)(_base + InstanceLayout.StackLimit) = limit;

    internal void SetInterrupt(bool interrupted) =>
        Volatile.Write(ref *(long*)(_base + InstanceLayout.Interrupt), interrupted ? long.MaxValue : 0);

    internal FunctionRecord* ImportRecord(int function) =>
        (FunctionRecord*)(_base + Module.Layout.ImportRecords[function]);

    internal ReadOnlySpan<byte> DataSegment(int index) => _droppedData[index] ? [] : Module.Module.Data[index].Bytes.Span;

    internal void DropData(int index) => _droppedData[index] = true;

    internal ReadOnlySpan<nint> ElementSegment(int index) => _elements[index];

    internal void DropElements(int index) => _elements[index] = null;

    private object? Find(string name, ExternKind kind)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Module.Template.TryGetExport(name, out var export) && export.Kind == kind ? Export(export) : null;
    }

    private WasmFunction FunctionObject(int function)
    {
        // The records go with the store.
        Store.ThrowIfDisposed();
        return function < _imports.Functions.Length
            ? _imports.Functions[function]
            : Store.FunctionAt((nint)RecordOf(function))!;
    }

    private FunctionRecord* RecordOf(int function) => function < _imports.Functions.Length
        ? ImportRecord(function)
        : _records + Module.Layout.RecordOf(function);

    private byte* CreateMemories(WasmModule definition, InstanceLayout layout, InstanceSnapshot? snapshot)
    {
        byte* carrier = null;
        for (var index = definition.ImportedMemoryCount; index < definition.Memories.Length; index++)
        {
            var carries = index == 0 && layout.CarriesMemory;
            var type = definition.Memories[index];
            var guard = Module.UsesGuardPages && !type.Is64;
            var image = snapshot?.Memories[index - definition.ImportedMemoryCount];
            var region = WasmMemory.CreateRegion(Store, type, guard, carries ? layout.StateBytes : 16, image, out var capacity);
            Memories[index] = new WasmMemory(Store, type, region, capacity) { HasGuard = guard };
            if (carries)
            {
                carrier = region.Base;
            }
        }

        if (carrier != null)
        {
            return carrier;
        }

        var state = Store.Allocate(layout.StateBytes + 16);
        return (byte*)(((nuint)state + (nuint)layout.StateBytes + 15) & ~(nuint)15);
    }

    private void WriteState(WasmModule definition, InstanceLayout layout)
    {
        *(nint*)(_base + InstanceLayout.Handle) = Store.WeakHandle(this);
        *(byte**)(_base + InstanceLayout.Scratch) = Store.Scratch;
        *(FunctionRecord**)(_base + InstanceLayout.Records) = _records;
        *(long*)(_base + InstanceLayout.Fuel) = Store.Options.Fuel;
        DepthLeft = Store.Options.CallDepth;
        FloatCells.Write(_base);
        for (var index = 0; index < definition.Types.Length; index++)
        {
            *(int*)(_base + layout.TypeIds[index]) = Module.Types[index].Id;
        }

        for (var index = 0; index < Memories.Length; index++)
        {
            *(byte**)(_base + layout.Memories[index]) = Memories[index].Base;
        }

        for (var index = 0; index < _globals.Length; index++)
        {
            var cell = _base + layout.Globals[index];
            if (index < _imports.Globals.Length)
            {
                *(byte**)cell = _globals[index].Cell;
            }
            else
            {
                _globals[index] = new WasmGlobal(Store, definition.Globals[index], cell);
            }
        }
    }

    private void WriteReferences(InstanceLayout layout)
    {
        for (var index = 0; index < Tables.Length; index++)
        {
            *(nint**)(_base + layout.Tables[index]) = Tables[index].Elements;
        }
    }

    private void WriteRecords(WasmModule definition)
    {
        for (var index = 0; index < _imports.Functions.Length; index++)
        {
            var function = _imports.Functions[index];
            var record = ImportRecord(index);
            if (!function.IsOfHost)
            {
                *record = *function.Record;
                continue;
            }

            var type = definition.FunctionTypes[index];
            var context = Store.Allocate(sizeof(nint));
            var binding = new HostBinding(Store, this, function);
            _bindings.Add(binding);
            *(nint*)context = Store.WeakHandle(binding);
            record->Code = function.TypedCode != 0 ? function.TypedCode : Module.Code.Host(type);
            record->Entry = Module.Code.Entry(type);
            record->Context = context;
            record->TypeId = function.Canonical.Id;
            Store.Know((nint)record, function);
        }

        Module.Template.WriteRecords(_records, _base);
    }
}
