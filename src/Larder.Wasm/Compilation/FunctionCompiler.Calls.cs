using System.Collections.Immutable;
using System.Reflection.Metadata;
using Larder.Wasm.Decoding;
using Larder.Wasm.Execution;

namespace Larder.Wasm.Compilation;

// Calls, direct and indirect, and what they leave.
internal sealed partial class FunctionCompiler
{
    private bool Call(ref ByteReader reader, Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.Call:
                CallFunction(reader.ReadIndex(), isTail: false);
                return true;
            case Opcode.ReturnCall:
                CallFunction(reader.ReadIndex(), isTail: true);
                return true;
            case Opcode.CallIndirect or Opcode.ReturnCallIndirect:
                var type = reader.ReadIndex();
                CallThroughTable(type, reader.ReadIndex(), opcode == Opcode.ReturnCallIndirect);
                return true;
            default:
                return false;
        }
    }

    private void CallFunction(int function, bool isTail)
    {
        var type = module.FunctionTypeOf(function);
        Arguments(type, isTail);
        if (isTail)
        {
            GiveUnitsBack();
        }

        if (function < module.ImportedFunctionCount)
        {
            var record = layout.ImportRecords[function];
            LoadState(record + FunctionRecord.ContextOffset, ILOpCode.Ldind_i);
            LoadState(record + FunctionRecord.CodeOffset, ILOpCode.Ldind_i);
            TailPrefix(isTail);
            _il.Token(ILOpCode.Calli, TokenKind.Signature, module.FunctionTypes[function]);
        }
        else
        {
            _il.LoadArgument(_contextArgument);
            TailPrefix(isTail);
            _il.Token(ILOpCode.Call, TokenKind.Function, function - module.ImportedFunctionCount);
        }

        Results(type, isTail);
    }

    private void CallThroughTable(int typeIndex, int table, bool isTail)
    {
        var type = module.Types[typeIndex];
        var is64 = module.Tables[table].Is64;
        var index = Slot(-3, WasmType.I64);
        Require(1);
        if (!is64)
        {
            _il.Op(ILOpCode.Conv_u8);
        }

        _il.StoreLocal(index);
        Pop(1);
        Settle(type.Parameters.Length);
        StoreResidents();

        var record = Slot(-3, WasmType.FuncRef);
        LoadState(layout.Tables[table], ILOpCode.Ldind_i);
        _il.StoreLocal(record);
        _il.LoadLocal(index);
        _il.LoadLocal(record);
        _il.LoadInt32(-8);
        _il.Op(ILOpCode.Add);
        _il.Op(ILOpCode.Ldind_i8);
        _il.Branch(ILOpCode.Bge_un, TrapLabel(TrapKind.UndefinedElement));
        _il.LoadLocal(record);
        _il.LoadLocal(index);
        _il.LoadInt32(3);
        _il.Op(ILOpCode.Shl);
        _il.Op(ILOpCode.Add);
        _il.Op(ILOpCode.Ldind_i);
        _il.StoreLocal(record);
        _il.LoadLocal(record);
        _il.Branch(ILOpCode.Brfalse, TrapLabel(TrapKind.UninitializedElement));
        _il.LoadLocal(record);
        _il.LoadInt32(FunctionRecord.TypeIdOffset);
        _il.Op(ILOpCode.Add);
        _il.Op(ILOpCode.Ldind_i4);
        LoadState(layout.TypeIds[typeIndex], ILOpCode.Ldind_i4);
        _il.Branch(ILOpCode.Bne_un, TrapLabel(TrapKind.IndirectCallTypeMismatch));

        LoadStored(type.Parameters.Length);
        if (isTail)
        {
            GiveUnitsBack();
        }

        _il.LoadLocal(record);
        _il.LoadInt32(FunctionRecord.ContextOffset);
        _il.Op(ILOpCode.Add);
        _il.Op(ILOpCode.Ldind_i);
        _il.LoadLocal(record);
        _il.Op(ILOpCode.Ldind_i);
        TailPrefix(isTail);
        _il.Token(ILOpCode.Calli, TokenKind.Signature, typeIndex);
        Results(type, isTail);
    }

    // Brings the arguments to the runtime's stack; alone, where something has to be stored behind the call.
    private void Arguments(FunctionType type, bool isTail)
    {
        var count = type.Parameters.Length;
        if (count > 0)
        {
            Settle(count);
        }

        if (isTail || type.Results.Length > 1)
        {
            RequireOnly(count);
        }
        else
        {
            Require(count);
        }

        _maxResident = Math.Max(_maxResident, _resident + 4);
    }

    private void TailPrefix(bool isTail)
    {
        if (isTail)
        {
            _il.Op(ILOpCode.Tail);
        }
    }

    private void Results(FunctionType type, bool isTail)
    {
        Pop(type.Parameters.Length);
        NoteCall();
        if (isTail)
        {
            _il.Op(ILOpCode.Ret);
            _resident = 0;
            _reachable = false;
            return;
        }

        if (type.Results.Length == 1)
        {
            Push(type.Results[0], maybeShift: true);
        }
        else if (type.Results.Length > 1)
        {
            ReadFurtherResults(type.Results);
        }
    }

    // The first result is on the runtime's stack, the others are in the store's scratch area.
    private void ReadFurtherResults(ImmutableArray<WasmType> types)
    {
        var depth = _operands.Count;
        _il.StoreLocal(Slot(depth, types[0]));
        PushStored(types[0]);
        var scratch = NewLocal(WasmType.FuncRef);
        LoadState(InstanceLayout.Scratch, ILOpCode.Ldind_i);
        _il.StoreLocal(scratch);
        for (var index = 1; index < types.Length; index++)
        {
            _il.LoadLocal(scratch);
            _il.LoadInt32(16 * (index - 1));
            _il.Op(ILOpCode.Add);
            _il.LoadIndirect(types[index]);
            _il.StoreLocal(Slot(depth + index, types[index]));
            PushStored(types[index]);
        }
    }
}
