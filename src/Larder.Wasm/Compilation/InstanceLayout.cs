using System.Collections.Immutable;

namespace Larder.Wasm.Compilation;

/// <summary>
/// Where the state of an instance lies: at negative offsets from the base of its first memory, which is the one pointer
/// that generated code carries. What is used most lies closest, within the reach of a one-byte displacement.
/// A module that imports its first memory, or has none, has the same state below an address without a memory.
/// </summary>
internal sealed class InstanceLayout
{
    /// <summary>ulong: length of the memory that starts at the base, in bytes; kept by the memory itself.</summary>
    public const int MemoryLength = -8;

    /// <summary>nuint: lowest address that the guest's stack may reach; the highest value to interrupt it.</summary>
    public const int StackLimit = -16;

    /// <summary>long: fuel without which the guest is to stop: 0, or the highest value to interrupt it.</summary>
    public const int Interrupt = -24;

    /// <summary>long: fuel left.</summary>
    public const int Fuel = -32;

    /// <summary>nint: handle of the managed instance.</summary>
    public const int Handle = -40;

    /// <summary>byte*: the store's scratch area, for every result but the first.</summary>
    public const int Scratch = -48;

    /// <summary>FunctionRecord*: records of the functions that can be referenced.</summary>
    public const int Records = -56;

    /// <summary>double: constants that the JIT compiler would fold wrongly; see <see cref="FloatCells"/>.</summary>
    public const int FloatConstants = -104;

    /// <summary>long: zero, of which the JIT compiler does not know that it is; see <c>FunctionCompiler.Rotations.cs</c>.</summary>
    public const int Zero = -112;

    /// <summary>long: stack units that calls may still take.</summary>
    public const int DepthLeft = -120;

    private const int HeaderBytes = 120;

    private int _used = HeaderBytes;

    private InstanceLayout()
    {
    }

    /// <summary>Pointer to the elements of each table.</summary>
    public ImmutableArray<int> Tables { get; private init; }

    /// <summary>Base of each memory; unused for one that the instance carries itself.</summary>
    public ImmutableArray<int> Memories { get; private init; }

    /// <summary>Cell of each global: its value, or for an imported one the address of its cell.</summary>
    public ImmutableArray<int> Globals { get; private init; }

    /// <summary>int: engine-wide number of each type of the module.</summary>
    public ImmutableArray<int> TypeIds { get; private init; }

    /// <summary>Record of each imported function, in place.</summary>
    public ImmutableArray<int> ImportRecords { get; private init; }

    /// <summary>Defined functions that something refers to, by their index among all functions, ascending.</summary>
    public ImmutableArray<int> Referenced { get; private init; }

    /// <summary>Bytes of state below the base.</summary>
    public int StateBytes { get; private init; }

    /// <summary>Whether the state lies below the memory with index 0.</summary>
    public bool CarriesMemory { get; private init; }

    public static InstanceLayout Create(WasmModule module)
    {
        var cursor = new InstanceLayout();
        var tables = cursor.Allocate(module.Tables.Length, 8);
        var globals = ImmutableArray.CreateBuilder<int>(module.Globals.Length);
        for (var index = 0; index < module.Globals.Length; index++)
        {
            var isVector = index >= module.ImportedGlobalCount && module.Globals[index].Type == WasmType.V128;
            globals.Add(cursor.Allocate(isVector ? 16 : 8));
        }

        var typeIds = cursor.Allocate(module.Types.Length, 4);
        var memories = cursor.Allocate(module.Memories.Length, 8);
        var imports = cursor.Allocate(module.ImportedFunctionCount, Execution.FunctionRecord.Bytes);
        return new InstanceLayout
        {
            Tables = tables,
            Globals = globals.MoveToImmutable(),
            TypeIds = typeIds,
            Memories = memories,
            ImportRecords = imports,
            Referenced = ReferencedFunctions(module),
            StateBytes = cursor._used,
            CarriesMemory = module.Memories.Length > 0 && module.ImportedMemoryCount == 0,
        };
    }

    /// <summary>Number of the record of a referenced function that the module defines.</summary>
    public int RecordOf(int function) => Referenced.BinarySearch(function);

    // What validation lets an instruction refer to: functions in exports, element segments and global initialisers.
    private static ImmutableArray<int> ReferencedFunctions(WasmModule module)
    {
        var found = new SortedSet<int>();
        foreach (var export in module.Exports)
        {
            if (export.Kind == ExternKind.Function)
            {
                found.Add(export.Index);
            }
        }

        foreach (var segment in module.Elements)
        {
            foreach (var item in segment.Items)
            {
                AddFunction(item);
            }
        }

        foreach (var global in module.DefinedGlobals)
        {
            AddFunction(global.Initial);
        }

        foreach (var table in module.DefinedTables)
        {
            if (table.Initial is { } initial)
            {
                AddFunction(initial);
            }
        }

        if (module.StartFunction >= 0)
        {
            found.Add(module.StartFunction);
        }

        found.RemoveWhere(index => index < module.ImportedFunctionCount);
        return [.. found];

        void AddFunction(ConstantExpression expression)
        {
            if (expression.Kind == Opcode.RefFunc)
            {
                found.Add((int)expression.Value);
            }
        }
    }

    private ImmutableArray<int> Allocate(int count, int bytes)
    {
        var offsets = ImmutableArray.CreateBuilder<int>(count);
        for (var index = 0; index < count; index++)
        {
            offsets.Add(Allocate(bytes));
        }

        return offsets.MoveToImmutable();
    }

    private int Allocate(int bytes)
    {
        var alignment = bytes >= 16 ? 16 : bytes >= 8 ? 8 : 4;
        _used = checked((_used + bytes + alignment - 1) / alignment * alignment);
        return -_used;
    }
}
