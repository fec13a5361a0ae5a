using System.Reflection.Metadata;
using Larder.Wasm.Decoding;

namespace Larder.Wasm.Compilation;

// Loads, stores and globals.
internal sealed partial class FunctionCompiler
{
    private void Load(ref ByteReader reader, Opcode opcode)
    {
        reader.ReadMemoryArgument(out _, out var memory, out var offset);
        var (bytes, result) = Access(opcode);
        Address(memory, offset, bytes, reader);
        TouchLast(reader, memory, bytes);
        switch (opcode)
        {
            case Opcode.I32Load:
                _il.Op(ILOpCode.Ldind_i4);
                break;
            case Opcode.I64Load:
                _il.Op(ILOpCode.Ldind_i8);
                break;
            case Opcode.F32Load:
                _il.Op(ILOpCode.Ldind_r4);
                break;
            case Opcode.F64Load:
                _il.Op(ILOpCode.Ldind_r8);
                break;
            case Opcode.I32Load8S or Opcode.I64Load8S:
                _il.Op(ILOpCode.Ldind_i1);
                break;
            case Opcode.I32Load8U or Opcode.I64Load8U:
                _il.Op(ILOpCode.Ldind_u1);
                break;
            case Opcode.I32Load16S or Opcode.I64Load16S:
                _il.Op(ILOpCode.Ldind_i2);
                break;
            case Opcode.I32Load16U or Opcode.I64Load16U:
                _il.Op(ILOpCode.Ldind_u2);
                break;
            case Opcode.I64Load32S:
                _il.Op(ILOpCode.Ldind_i4);
                break;
            default:
                _il.Op(ILOpCode.Ldind_u4);
                break;
        }

        if (result == WasmType.I64 && bytes < 8)
        {
            var isSigned = opcode is Opcode.I64Load8S or Opcode.I64Load16S or Opcode.I64Load32S;
            _il.Op(isSigned ? ILOpCode.Conv_i8 : ILOpCode.Conv_u8);
        }

        Pop(1);
        Push(result);
    }

    private void Store(ref ByteReader reader, Opcode opcode)
    {
        reader.ReadMemoryArgument(out _, out var memory, out var offset);
        var value = PutAside();
        Address(memory, offset, Access(opcode).Bytes);
        TakeBack(value);
        switch (opcode)
        {
            case Opcode.I32Store:
                _il.Op(ILOpCode.Stind_i4);
                break;
            case Opcode.I64Store:
                _il.Op(ILOpCode.Stind_i8);
                break;
            case Opcode.F32Store:
                _il.Op(ILOpCode.Stind_r4);
                break;
            case Opcode.F64Store:
                _il.Op(ILOpCode.Stind_r8);
                break;
            case Opcode.I32Store8:
                _il.Op(ILOpCode.Stind_i1);
                break;
            case Opcode.I32Store16:
                _il.Op(ILOpCode.Stind_i2);
                break;
            case Opcode.I64Store8:
                _il.Op(ILOpCode.Conv_i4);
                _il.Op(ILOpCode.Stind_i1);
                break;
            case Opcode.I64Store16:
                _il.Op(ILOpCode.Conv_i4);
                _il.Op(ILOpCode.Stind_i2);
                break;
            default:
                _il.Op(ILOpCode.Conv_i4);
                _il.Op(ILOpCode.Stind_i4);
                break;
        }

        Pop(2);
    }

    private static (int Bytes, WasmType Result) Access(Opcode opcode) => opcode switch
    {
        Opcode.I32Load or Opcode.I32Store => (4, WasmType.I32),
        Opcode.I64Load or Opcode.I64Store => (8, WasmType.I64),
        Opcode.F32Load or Opcode.F32Store => (4, WasmType.F32),
        Opcode.F64Load or Opcode.F64Store => (8, WasmType.F64),
        Opcode.I32Load8S or Opcode.I32Load8U or Opcode.I32Store8 => (1, WasmType.I32),
        Opcode.I32Load16S or Opcode.I32Load16U or Opcode.I32Store16 => (2, WasmType.I32),
        Opcode.I64Load8S or Opcode.I64Load8U or Opcode.I64Store8 => (1, WasmType.I64),
        Opcode.I64Load16S or Opcode.I64Load16U or Opcode.I64Store16 => (2, WasmType.I64),
        _ => (4, WasmType.I64),
    };

    // The address of a load, whose instruction is followed by these.
    private void Address(int memory, ulong offset, int bytes, ByteReader next) =>
        Address(memory, offset, bytes, ReachOfLoad(next, memory, offset + (ulong)bytes));

    private void Address(int memory, ulong offset, int bytes) =>
        Address(memory, offset, bytes, new Reach(0, offset + (ulong)bytes));

    // Turns the address at the top, an operand that stays on the list, into a pointer that is safe to use. What an
    // explicit check covers may be more than the access.
    private void Address(int memory, ulong offset, int bytes, Reach reach)
    {
        if (module.Memories[memory].Is64)
        {
            Require(1);
            _il.LoadInt64((long)offset);
            _il.LoadInt32(bytes);
            LoadBase(memory);
            _il.Call(RuntimeMethods.Address64);
            return;
        }

        if (options.Guard)
        {
            // The memory's slot is longer than any 32-bit address, offset and access together.
            Require(1);
            _il.Op(ILOpCode.Conv_u);
            LoadBase(memory);
            _il.Op(ILOpCode.Add);
            AddOffset(offset);
            return;
        }

        CheckedAddress(memory, offset, offset + (ulong)bytes, reach);
    }

    private void AddOffset(ulong offset)
    {
        if (offset == 0)
        {
            return;
        }

        // A small number is extended by the addition itself.
        if (offset <= int.MaxValue)
        {
            _il.LoadInt32((int)offset);
        }
        else
        {
            _il.LoadInt64((long)offset);
        }

        _il.Op(ILOpCode.Add);
    }

    private void LoadBase(int memory)
    {
        if (memory == 0 && layout.CarriesMemory)
        {
            _il.LoadArgument(_contextArgument);
        }
        else
        {
            _il.LoadLocal(_memoryLocals[memory]);
        }
    }

    // Takes the top operand's value off the runtime's stack, so that something can be computed below it. The operand
    // stays on the list; nothing but TakeBack may follow that looks at it.
    private ValueAside PutAside()
    {
        Settle(1);
        Require(1);
        var top = _operands[^1];
        _operands.RemoveAt(_operands.Count - 1);
        _resident--;
        if (_il.TryTakePush(out var push))
        {
            return new ValueAside(top, push, -1);
        }

        var local = Slot(_operands.Count, top.Type);
        _il.StoreLocal(local);
        return new ValueAside(top, default, local);
    }

    private void TakeBack(ValueAside value)
    {
        if (value.Local < 0)
        {
            _il.Restore(value.Push);
        }
        else
        {
            _il.LoadLocal(value.Local);
        }

        Push(value.Operand.Type, maybeShift: value.Operand.MaybeShift);
    }

    private void GlobalGet(int index)
    {
        var type = module.Globals[index].Type;
        GlobalAddress(index);
        _il.LoadIndirect(type);
        Push(type);
    }

    private void GlobalSet(int index)
    {
        var value = PutAside();
        GlobalAddress(index);
        TakeBack(value);
        _il.StoreIndirect(module.Globals[index].Type);
        Pop(1);
    }

    private void GlobalAddress(int index)
    {
        if (index < module.ImportedGlobalCount)
        {
            LoadState(layout.Globals[index], ILOpCode.Ldind_i);
        }
        else
        {
            StateAddress(layout.Globals[index]);
        }
    }

    /// <summary>A value that was put aside: an instruction that was taken back, or a local.</summary>
    private readonly record struct ValueAside(Operand Operand, PushedInstruction Push, int Local);
}
