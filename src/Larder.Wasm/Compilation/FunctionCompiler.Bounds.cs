using System.Reflection.Metadata;
using Larder.Wasm.Decoding;
using Larder.Wasm.Runtime;
using Larder.Wasm.Validation;

namespace Larder.Wasm.Compilation;

// Checks of addresses, without guard pages.
//
// What was checked is remembered (FunctionCompiler.Known.cs), and a check may look further than its own access, as far as
// nothing but a memory trap can be seen from outside in between: loads around the same local are checked together.
// Stores are not, because those before a trap have to be there.
internal sealed partial class FunctionCompiler
{
    // How many instructions a check looks ahead, and how many bytes the addresses that it covers may be away to both
    // sides. A memory ends twice as far below 4 GiB, or this is not done: so an address in it plus that does not wrap.
    private const int LookAhead = 64;
    private const long LargestDistance = (long)MemoryRegion.PageBytes / 2;

    // The local that holds the length of the first memory, within a loop that calls nothing; otherwise -1.
    private int _lengthLocal = -1;

    private bool HasRoomToSpread =>
        module.ImportedMemoryCount == 0
        && (module.Memories[0].Limits.Maximum ?? MemoryRegion.UndeclaredMaximumPages32) < MemoryRegion.MaximumPages32
        && module.Memories[0].Limits.Minimum < MemoryRegion.MaximumPages32;

    // Turns a 32-bit address at the top into a pointer.
    private void CheckedAddress(int memory, ulong offset, ulong end, Reach reach)
    {
        var operand = _operands[^1];
        if (memory == 0 && IsChecked(operand, end))
        {
            Require(1);
            _il.Op(ILOpCode.Conv_u);
            LoadBase(memory);
            _il.Op(ILOpCode.Add);
            AddOffset(offset);
            return;
        }

        StoreBelowTop();
        var address = Slot(-2, reach.Before == 0 ? WasmType.FuncRef : WasmType.I32);
        if (reach.Before == 0)
        {
            _il.Op(ILOpCode.Conv_u);
            _il.StoreLocal(address);
            _il.LoadLocal(address);
        }
        else
        {
            _il.StoreLocal(address);
            _il.LoadLocal(address);
            _il.LoadInt32((int)reach.Before);
            _il.Op(ILOpCode.Sub);
            _il.Op(ILOpCode.Conv_u);
        }

        WriteCheck(memory, reach.Before + reach.End);
        LoadBase(memory);
        _il.LoadLocal(address);
        if (reach.Before != 0)
        {
            _il.Op(ILOpCode.Conv_u);
        }

        _il.Op(ILOpCode.Add);
        AddOffset(offset);
        if (memory == 0)
        {
            Remember(operand, reach);
        }
    }

    // Compares the address at the top, in 64 bits, with the memory's length.
    private void WriteCheck(int memory, ulong end)
    {
        if (memory == 0 && _lengthLocal >= 0 && end <= int.MaxValue
            && end <= module.Memories[0].Limits.Minimum * MemoryRegion.PageBytes)
        {
            // The difference is the same in every iteration.
            _il.LoadLocal(_lengthLocal);
            _il.LoadInt32((int)end);
            _il.Op(ILOpCode.Sub);
        }
        else
        {
            AddOffset(end);
            LoadLength(memory);
        }

        _il.Branch(ILOpCode.Bgt_un, TrapLabel(TrapKind.MemoryOutOfBounds));
    }

    private void LoadLength(int memory)
    {
        if (memory == 0 && _lengthLocal >= 0)
        {
            _il.LoadLocal(_lengthLocal);
            return;
        }

        LoadBase(memory);
        _il.LoadInt32(InstanceLayout.MemoryLength);
        _il.Op(ILOpCode.Add);
        _il.Op(ILOpCode.Ldind_i);
    }

    // What a check of a load's address is to cover, given the instructions behind the load.
    private Reach ReachOfLoad(ByteReader next, int memory, ulong end)
    {
        var reach = new Reach(0, end);
        if (options.Guard || memory != 0)
        {
            return reach;
        }

        var operand = _operands[^1];
        var (root, addend) = RootOf(operand);
        if (root < 0 || IsChecked(operand, end))
        {
            return reach;
        }

        Span<int> set = stackalloc int[4];
        var sets = 0;
        for (var count = 0; count < LookAhead && !next.AtEnd; count++)
        {
            var opcode = InstructionReading.ReadOpcode(ref next);
            if (opcode == Opcode.LocalGet)
            {
                var variable = next.ReadIndex();
                if (!set[..sets].Contains(variable)
                    && LoadThrough(variable, next, out var loaded, out var loadedEnd)
                    && RootOf(loaded) is var (otherRoot, otherAddend)
                    && otherRoot == root
                    && !IsChecked(loaded, loadedEnd))
                {
                    reach = Widen(reach, unchecked((int)(otherAddend - addend)), loadedEnd);
                }
            }
            else if (opcode is Opcode.LocalSet or Opcode.LocalTee)
            {
                var variable = next.ReadIndex();
                if (variable == root || sets == set.Length)
                {
                    break;
                }

                set[sets++] = variable;
            }
            else if (IsUnseen(opcode))
            {
                Immediates.Skip(ref next, opcode);
            }
            else
            {
                break;
            }
        }

        return reach;
    }

    // Extends what a check covers by an access at a distance from the checked address, if it is near.
    private Reach Widen(Reach reach, int distance, ulong end)
    {
        var isNear = distance == 0 || (HasRoomToSpread && Math.Abs((long)distance) <= LargestDistance);
        return isNear
            ? new Reach((ulong)Math.Max((long)reach.Before, -(long)distance), (ulong)Math.Max((long)reach.End, distance + (long)end))
            : reach;
    }

    // Whether the instructions behind a local.get load from the first memory, at the local or at a distance from it.
    private bool LoadThrough(int variable, ByteReader next, out Operand address, out ulong end)
    {
        address = Named(variable);
        end = 0;
        if (next.AtEnd)
        {
            return false;
        }

        var opcode = InstructionReading.ReadOpcode(ref next);
        if (opcode == Opcode.I32Const)
        {
            address = address with { Addend = address.Addend + (uint)next.ReadS32() };
            if (next.AtEnd || InstructionReading.ReadOpcode(ref next) != Opcode.I32Add || next.AtEnd)
            {
                return false;
            }

            opcode = InstructionReading.ReadOpcode(ref next);
        }

        var bytes = LoadedBytes(opcode);
        if (bytes == 0)
        {
            return false;
        }

        next.ReadMemoryArgument(out _, out var memory, out var offset);
        end = offset + (ulong)bytes;
        return memory == 0;
    }

    // Bytes that an instruction loads when all that it takes is an address; otherwise 0.
    private static int LoadedBytes(Opcode opcode)
    {
        if (opcode is >= Opcode.I32Load and <= Opcode.I64Load32U)
        {
            return Access(opcode).Bytes;
        }

        return opcode >= Opcode.SimdBase
            && SimdInstructions.Find(opcode - Opcode.SimdBase) is
                { Immediate: SimdImmediate.Memory, Parameters.Length: 1 } vector
            ? vector.AccessBytes
            : 0;
    }

    // Whether nobody can see from outside that an instruction ran before a memory trap.
    private static bool IsUnseen(Opcode opcode) => opcode switch
    {
        Opcode.I32DivS or Opcode.I32DivU or Opcode.I32RemS or Opcode.I32RemU => false,
        Opcode.I64DivS or Opcode.I64DivU or Opcode.I64RemS or Opcode.I64RemU => false,
        >= Opcode.I32TruncF32S and <= Opcode.I32TruncF64U => false,
        >= Opcode.I64TruncF32S and <= Opcode.I64TruncF64U => false,
        >= Opcode.I32Load and <= Opcode.I64Load32U => true,
        Opcode.I32Const or Opcode.I64Const or Opcode.F32Const or Opcode.F64Const => true,
        Opcode.Nop or Opcode.Drop or Opcode.Select or Opcode.GlobalGet => true,
        >= Opcode.SimdBase => SimdInstructions.Find(opcode - Opcode.SimdBase) is { } vector && vector.Result != WasmType.None,
        _ => SimpleInstructions.Find(opcode) is not null,
    };

    // Called in front of a loop's label. Iterations begin with what holds whether or not one ran before.
    private void EnterLoopChecks(Frame frame)
    {
        if (options.Guard)
        {
            return;
        }

        var (start, end) = _scan.LoopSpans[_loopsSeen];
        var calls = _scan.CallsBetween(start, end);
        ForgetForLoop(frame, start, end, calls);
        if (!calls && _lengthLocal < 0 && (_scan.Memories & 1) != 0 && !module.Memories[0].Is64)
        {
            var length = NewLocal(WasmType.FuncRef);
            LoadLength(0);
            _il.StoreLocal(length);
            _lengthLocal = length;
            frame.HoldsLength = true;
        }
    }

    /// <summary>What a check covers: bytes before the checked address, and the end of bytes behind it.</summary>
    private readonly record struct Reach(ulong Before, ulong End);
}
