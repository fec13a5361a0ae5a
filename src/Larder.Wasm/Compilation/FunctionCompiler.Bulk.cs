using System.Reflection;
using System.Reflection.Metadata;
using Larder.Wasm.Decoding;
using Larder.Wasm.Execution;
using Larder.Wasm.Validation;

namespace Larder.Wasm.Compilation;

// References, tables, whole memories and vectors.
internal sealed partial class FunctionCompiler
{
    private void Bulk(ref ByteReader reader, Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.RefNull:
                var type = reader.ReadHeapType();
                LoadZero(type);
                Push(type);
                break;
            case Opcode.RefIsNull:
                Require(1);
                LoadZero(WasmType.FuncRef);
                _il.Op(ILOpCode.Ceq);
                Pop(1);
                Push(WasmType.I32);
                break;
            case Opcode.RefFunc:
                ReferTo(reader.ReadIndex());
                break;
            case Opcode.MemorySize:
                MemorySize(reader.ReadIndex());
                break;
            case Opcode.MemoryGrow:
                var memory = reader.ReadIndex();
                Widen(AddressType(memory));
                Operate(RuntimeMethods.MemoryGrow, 1, WasmType.I64, memory);
                Narrow(AddressType(memory));
                break;
            case Opcode.MemoryFill:
                memory = reader.ReadIndex();
                Widen(AddressType(memory), WasmType.None, AddressType(memory));
                Operate(RuntimeMethods.MemoryFill, 3, WasmType.None, memory);
                break;
            case Opcode.MemoryCopy:
                var target = reader.ReadIndex();
                var source = reader.ReadIndex();
                var count = AddressType(target) == WasmType.I64 ? AddressType(source) : WasmType.I32;
                Widen(AddressType(target), AddressType(source), count);
                Operate(RuntimeMethods.MemoryCopy, 3, WasmType.None, target, source);
                break;
            case Opcode.MemoryInit:
                var segment = reader.ReadIndex();
                memory = reader.ReadIndex();
                Widen(AddressType(memory), WasmType.I32, WasmType.I32);
                Operate(RuntimeMethods.MemoryInit, 3, WasmType.None, segment, memory);
                break;
            case Opcode.DataDrop:
                Operate(RuntimeMethods.DataDrop, 0, WasmType.None, reader.ReadIndex());
                break;
            case Opcode.ElemDrop:
                Operate(RuntimeMethods.ElementDrop, 0, WasmType.None, reader.ReadIndex());
                break;
            default:
                Tables(ref reader, opcode);
                break;
        }
    }

    private void Tables(ref ByteReader reader, Opcode opcode)
    {
        var table = opcode == Opcode.TableInit ? 0 : reader.ReadIndex();
        switch (opcode)
        {
            case Opcode.TableGet:
                Widen(IndexType(table));
                Operate(RuntimeMethods.TableGet, 1, module.Tables[table].Element, table);
                break;
            case Opcode.TableSet:
                Widen(IndexType(table), module.Tables[table].Element);
                Operate(RuntimeMethods.TableSet, 2, WasmType.None, table);
                break;
            case Opcode.TableSize:
                LoadState(layout.Tables[table], ILOpCode.Ldind_i);
                _il.LoadInt32(-8);
                _il.Op(ILOpCode.Add);
                _il.Op(ILOpCode.Ldind_i8);
                Push(WasmType.I64);
                Narrow(IndexType(table));
                break;
            case Opcode.TableGrow:
                Widen(module.Tables[table].Element, IndexType(table));
                Operate(RuntimeMethods.TableGrow, 2, WasmType.I64, table);
                Narrow(IndexType(table));
                break;
            case Opcode.TableFill:
                Widen(IndexType(table), module.Tables[table].Element, IndexType(table));
                Operate(RuntimeMethods.TableFill, 3, WasmType.None, table);
                break;
            case Opcode.TableCopy:
                var source = reader.ReadIndex();
                var count = IndexType(table) == WasmType.I64 ? IndexType(source) : WasmType.I32;
                Widen(IndexType(table), IndexType(source), count);
                Operate(RuntimeMethods.TableCopy, 3, WasmType.None, table, source);
                break;
            case Opcode.TableInit:
                var segment = reader.ReadIndex();
                table = reader.ReadIndex();
                Widen(IndexType(table), WasmType.I32, WasmType.I32);
                Operate(RuntimeMethods.TableInit, 3, WasmType.None, segment, table);
                break;
            default:
                throw new InvalidOperationException($"The instruction {opcode} passed validation but is unknown here.");
        }
    }

    private WasmType AddressType(int memory) => module.Memories[memory].Is64 ? WasmType.I64 : WasmType.I32;

    private WasmType IndexType(int table) => module.Tables[table].Is64 ? WasmType.I64 : WasmType.I32;

    // Calls a method of the runtime with the operands, then the immediates, then the base.
    private void Operate(MethodInfo method, int operands, WasmType result, int immediate, int second = -1)
    {
        Settle(operands);
        Require(operands);
        _il.LoadInt32(immediate);
        if (second >= 0)
        {
            _il.LoadInt32(second);
        }

        _il.LoadArgument(_contextArgument);
        _il.Call(method);
        Pop(operands);
        if (result != WasmType.None)
        {
            Push(result);
        }
    }

    private void MemorySize(int memory)
    {
        LoadBase(memory);
        _il.LoadInt32(InstanceLayout.MemoryLength);
        _il.Op(ILOpCode.Add);
        _il.Op(ILOpCode.Ldind_i8);
        _il.LoadInt32(16);
        _il.Op(ILOpCode.Shr_un);
        Push(WasmType.I64);
        Narrow(AddressType(memory));
    }

    // Zero-extends those of the top operands that are i32 and stand for addresses, sizes or indices.
    private void Widen(params ReadOnlySpan<WasmType> types)
    {
        Settle(types.Length);
        if (types is [WasmType.I32])
        {
            Require(1);
            _il.Op(ILOpCode.Conv_u8);
            return;
        }

        if (!types.Contains(WasmType.I32))
        {
            Require(types.Length);
            return;
        }

        StoreResidents();
        var depth = _operands.Count - types.Length;
        for (var index = 0; index < types.Length; index++)
        {
            _il.LoadLocal(Slot(depth + index, _operands[depth + index].Type));
            if (types[index] == WasmType.I32)
            {
                _il.Op(ILOpCode.Conv_u8);
            }
        }

        _resident = types.Length;
        _maxResident = Math.Max(_maxResident, _resident + 4);
    }

    // The size or index at the top, computed in 64 bits, becomes what the instruction leaves.
    private void Narrow(WasmType type)
    {
        if (type == WasmType.I32)
        {
            _il.Op(ILOpCode.Conv_i4);
            Pop(1);
            Push(WasmType.I32);
        }
    }

    private void ReferTo(int function)
    {
        if (function < module.ImportedFunctionCount)
        {
            StateAddress(layout.ImportRecords[function]);
        }
        else
        {
            LoadState(InstanceLayout.Records, ILOpCode.Ldind_i);
            _il.LoadInt32(FunctionRecord.Bytes * layout.RecordOf(function));
            _il.Op(ILOpCode.Add);
        }

        Push(WasmType.FuncRef);
    }

    private void Vector(ref ByteReader reader, int code)
    {
        var instruction = SimdInstructions.Find(code)
            ?? throw new InvalidOperationException($"The vector instruction {code} passed validation but is unknown here.");
        var operands = instruction.Parameters.Length;
        switch (instruction.Immediate)
        {
            case SimdImmediate.Constant:
                LoadVector(ref reader);
                Push(WasmType.V128);
                return;
            case SimdImmediate.Shuffle:
                Require(2);
                LoadVector(ref reader);
                _il.Call(RuntimeMethods.Shuffle);
                break;
            case SimdImmediate.Memory or SimdImmediate.MemoryLane:
                VectorMemory(ref reader, instruction);
                break;
            default:
                Settle(operands);
                Require(operands);
                if (instruction.Immediate == SimdImmediate.Lane)
                {
                    _il.LoadInt32(reader.ReadByte());
                }

                _il.Call(instruction.Method!);
                break;
        }

        Pop(operands);
        if (instruction.Result == WasmType.None)
        {
            return;
        }

        if (options.CanonicalNaNs && RuntimeMethods.CanonicalVector(instruction) is { } canonical)
        {
            _il.Call(canonical);
        }

        Push(instruction.Result);
    }

    private void VectorMemory(ref ByteReader reader, SimdInstruction instruction)
    {
        reader.ReadMemoryArgument(out _, out var memory, out var offset);
        if (instruction.Parameters.Length == 1)
        {
            Address(memory, offset, instruction.AccessBytes, reader);
            TouchLast(reader, memory, instruction.AccessBytes);
        }
        else
        {
            var value = PutAside();
            Address(memory, offset, instruction.AccessBytes);
            TakeBack(value);
        }

        if (instruction.Immediate == SimdImmediate.MemoryLane)
        {
            _il.LoadInt32(reader.ReadByte());
        }

        _il.Call(instruction.Method!);
    }

    private void LoadVector(ref ByteReader reader)
    {
        var low = (long)reader.ReadF64Bits();
        _il.LoadInt64(low);
        _il.LoadInt64((long)reader.ReadF64Bits());
        _il.Call(RuntimeMethods.VectorConstant);
    }
}
