using System.Reflection.Metadata;
using Larder.Wasm.Execution;

namespace Larder.Wasm.Compilation;

/// <summary>
/// Writes the methods through which the host and generated code call each other: for each type one that takes values
/// from memory and calls a function, and one that looks like a function and puts its arguments into memory for the host.
/// </summary>
internal static class ThunkCompiler
{
    /// <summary>
    /// <c>void (code, context, arguments, results)</c>: calls the code with the arguments and stores the first result;
    /// the others are left in the store's scratch area.
    /// </summary>
    public static MethodCode Entry(FunctionType type, int typeIndex)
    {
        var il = new IlWriter();
        for (var index = 0; index < type.Parameters.Length; index++)
        {
            il.LoadArgument(2);
            il.LoadInt32(RawValue.Bytes * index);
            il.Op(ILOpCode.Add);
            il.LoadIndirect(type.Parameters[index]);
        }

        il.LoadArgument(1);
        il.LoadArgument(0);
        il.Token(ILOpCode.Calli, TokenKind.Signature, typeIndex);
        WasmType[] locals = [];
        if (type.Results.Length > 0)
        {
            locals = [type.Results[0]];
            il.StoreLocal(0);
            il.LoadArgument(3);
            il.LoadLocal(0);
            il.StoreIndirect(type.Results[0]);
        }

        il.Op(ILOpCode.Ret);
        return Finish(il, locals, type.Parameters.Length + 4);
    }

    /// <summary>A function of the type that hands its arguments to <see cref="HostCalls"/>.</summary>
    public static MethodCode Host(FunctionType type)
    {
        var il = new IlWriter();
        il.LoadInt32(RawValue.Bytes * Math.Max(1, Math.Max(type.Parameters.Length, type.Results.Length)));
        il.Op(ILOpCode.Conv_u);
        il.Op(ILOpCode.Localloc);
        il.StoreLocal(0);
        for (var index = 0; index < type.Parameters.Length; index++)
        {
            il.LoadLocal(0);
            il.LoadInt32(RawValue.Bytes * index);
            il.Op(ILOpCode.Add);
            il.LoadArgument(index);
            il.StoreIndirect(type.Parameters[index]);
        }

        il.LoadArgument(type.Parameters.Length);
        il.LoadLocal(0);
        il.Call(RuntimeMethods.HostCall);
        if (type.Results.Length > 0)
        {
            il.LoadLocal(0);
            il.LoadIndirect(type.Results[0]);
        }

        il.Op(ILOpCode.Ret);
        return Finish(il, [WasmType.FuncRef], 8);
    }

    /// <summary>
    /// <c>void (target)</c>: writes the addresses of methods, eight bytes each; a negative row stands for none.
    /// </summary>
    public static MethodCode Addresses(ReadOnlySpan<int> methods)
    {
        var il = new IlWriter();
        for (var index = 0; index < methods.Length; index++)
        {
            if (methods[index] >= 0)
            {
                il.LoadArgument(0);
                il.LoadInt32(sizeof(long) * index);
                il.Op(ILOpCode.Add);
                il.Token(ILOpCode.Ldftn, TokenKind.Function, methods[index]);
                il.Op(ILOpCode.Stind_i);
            }
        }

        il.Op(ILOpCode.Ret);
        return Finish(il, [], 8);
    }

    private static MethodCode Finish(IlWriter il, WasmType[] locals, int maxStack)
    {
        var (code, relocations) = il.Finish();
        return new MethodCode(code, relocations, locals, maxStack, []);
    }
}
