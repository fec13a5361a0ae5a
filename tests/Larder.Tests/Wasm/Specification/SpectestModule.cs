using System.Collections.Immutable;
using Larder.Wasm;

namespace Larder.Tests.Wasm.Specification;

/// <summary>The module of the host that the suite's scripts import from. Source: the suite's reference interpreter.</summary>
internal static class SpectestModule
{
    private const string Name = "spectest";

    public static Imports AddTo(Imports imports, Store store)
    {
        AddPrint("print");
        AddPrint("print_i32", WasmType.I32);
        AddPrint("print_i64", WasmType.I64);
        AddPrint("print_f32", WasmType.F32);
        AddPrint("print_f64", WasmType.F64);
        AddPrint("print_i32_f32", WasmType.I32, WasmType.F32);
        AddPrint("print_f64_f64", WasmType.F64, WasmType.F64);

        AddGlobal("global_i32", 666);
        AddGlobal("global_i64", 666L);
        AddGlobal("global_f32", 666.6f);
        AddGlobal("global_f64", 666.6);

        imports.Add(Name, "table", new WasmTable(store, new TableType(WasmType.FuncRef, new Limits(10, 20))));
        imports.Add(Name, "table64", new WasmTable(store, new TableType(WasmType.FuncRef, new Limits(10, 20), Is64: true)));
        return imports.Add(Name, "memory", new WasmMemory(store, new MemoryType(new Limits(1, 2))));

        void AddPrint(string name, params ImmutableArray<WasmType> parameters) =>
            imports.Add(Name, name, new WasmFunction(store, new FunctionType(parameters, []), static (_, _, _) => { }));

        void AddGlobal(string name, WasmValue value) =>
            imports.Add(Name, name, new WasmGlobal(store, new GlobalType(value.Type, IsMutable: false), value));
    }
}
