using System.Collections.Immutable;
using System.Reflection.Metadata;
using Larder.Wasm.Decoding;

namespace Larder.Wasm.Compilation;

// Blocks and branches.
internal sealed partial class FunctionCompiler
{
    private enum FrameKind
    {
        Function,
        Region,
        Block,
        Loop,
        If,
        Else,
    }

    private bool Control(ref ByteReader reader, Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.Block:
                Block(reader.ReadBlockType());
                break;
            case Opcode.Loop:
                Loop(reader.ReadBlockType());
                break;
            case Opcode.If:
                If(reader.ReadBlockType());
                break;
            case Opcode.Else:
                Else();
                break;
            case Opcode.End:
                End();
                break;
            case Opcode.Br:
                Branch(reader.ReadIndex());
                break;
            case Opcode.BrIf:
                BranchIf(reader.ReadIndex());
                break;
            case Opcode.BrTable:
                BranchTable(ref reader);
                break;
            case Opcode.Return:
                WriteReturn();
                break;
            case Opcode.Unreachable:
                DiscardResidents();
                _il.Branch(ILOpCode.Br, TrapLabel(TrapKind.Unreachable));
                _reachable = false;
                break;
            default:
                return false;
        }

        return true;
    }

    // Reads over code behind a branch, up to the end of its block.
    private void SkipInstruction(ref ByteReader reader, Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.Block or Opcode.Loop or Opcode.If:
                _skippedBlocks++;
                if (opcode == Opcode.Loop)
                {
                    _loopsSeen++;
                }

                break;
            case Opcode.Else when _skippedBlocks == 0:
                Else();
                return;
            case Opcode.End when _skippedBlocks == 0:
                End();
                return;
            case Opcode.End:
                _skippedBlocks--;
                return;
            default:
                break;
        }

        Immediates.Skip(ref reader, opcode);
    }

    // A comparison right before a branch becomes one with it, if nothing else has to be stored in between.
    private bool TryCompareAndBranch(ref ByteReader reader, SimpleInstruction comparison)
    {
        var next = (Opcode)reader.PeekByte();
        if (next is not (Opcode.BrIf or Opcode.If))
        {
            return false;
        }

        if (TakesIntegers(comparison))
        {
            Settle(comparison.Operands);
        }

        Require(comparison.Operands);
        if (_resident != comparison.Operands)
        {
            return false;
        }

        Pop(comparison.Operands);
        reader.ReadByte();
        if (next == Opcode.If)
        {
            EnterIf(reader.ReadBlockType(), comparison.BranchIfFalse);
        }
        else
        {
            BranchIf(reader.ReadIndex(), comparison.BranchIfTrue!.Value, comparison.BranchIfFalse);
        }

        return true;
    }

    private void Block(BlockType type)
    {
        StoreResidents();
        Enter(FrameKind.Block, type);
    }

    private void Loop(BlockType type)
    {
        StoreResidents();
        var frame = Enter(FrameKind.Loop, type);
        EnterLoopChecks(frame);
        _il.Mark(frame.Label);
        EnterIteration(_scan.LoopCosts[_loopsSeen++]);
    }

    private void If(BlockType type)
    {
        Settle(1);
        StoreBelowTop();
        Pop(1);
        EnterIf(type, ILOpCode.Brfalse);
    }

    private void EnterIf(BlockType type, ILOpCode branchIfFalse)
    {
        var frame = Enter(FrameKind.If, type);
        frame.ElseLabel = _il.NewLabel();
        _il.Branch(branchIfFalse, frame.ElseLabel);
    }

    private Frame Enter(FrameKind kind, BlockType type)
    {
        var parameters = type.Parameters(module);
        var frame = new Frame(
            kind, _il.NewLabel(), _operands.Count - parameters.Length, parameters, type.Results(module));
        _frames.Add(frame);
        EnterChecks(frame);
        return frame;
    }

    private void Else()
    {
        var frame = _frames[^1];
        if (_reachable)
        {
            MoveToLabel(frame);
            _il.Branch(ILOpCode.Br, frame.Label);
            frame.IsTarget = true;
        }

        _il.Mark(frame.ElseLabel);
        frame.Kind = FrameKind.Else;
        ResetOperands(frame.Height, frame.Parameters);
        RecallChecks(frame, isEnd: false);
        _reachable = true;
    }

    private void End()
    {
        var frame = _frames[^1];
        if (frame.Kind == FrameKind.If)
        {
            // Without an else the parameters are the results, and they lie in their slots.
            if (_reachable)
            {
                MoveToLabel(frame);
            }

            _il.Mark(frame.ElseLabel);
            frame.IsTarget = true;
        }
        else if (frame.IsTarget && frame.Kind != FrameKind.Loop && _reachable)
        {
            MoveToLabel(frame);
        }

        _frames.RemoveAt(_frames.Count - 1);
        _lengthLocal = frame.HoldsLength ? -1 : _lengthLocal;
        if (frame.IsTarget && frame.Kind != FrameKind.Loop)
        {
            _il.Mark(frame.Label);
            ResetOperands(frame.Height, frame.Results);
            RecallChecks(frame, isEnd: true);
            _reachable = true;
        }
        else if (!_reachable)
        {
            ResetOperands(frame.Height, frame.Results);
        }

        if (frame.Kind == FrameKind.Function && _reachable)
        {
            WriteReturn();
        }
    }

    private void Branch(int depth)
    {
        if (LeavesRegion(depth))
        {
            Leave(depth);
            return;
        }

        var frame = _frames[_frames.Count - 1 - depth];
        if (frame.Kind == FrameKind.Function)
        {
            WriteReturn();
            return;
        }

        MoveToLabel(frame);
        DiscardResidents();
        _il.Branch(ILOpCode.Br, frame.Label);
        frame.IsTarget = true;
        _reachable = false;
    }

    private void BranchIf(int depth)
    {
        Settle(1);
        StoreBelowTop();
        Pop(1);
        BranchIf(depth, ILOpCode.Brtrue, ILOpCode.Brfalse);
    }

    private void BranchIf(int depth, ILOpCode branchIfTrue, ILOpCode branchIfFalse)
    {
        if (LeavesRegion(depth))
        {
            var stay = _il.NewLabel();
            _il.Branch(branchIfFalse, stay);
            Leave(depth);
            _reachable = true;
            _il.Mark(stay);
            return;
        }

        var frame = _frames[_frames.Count - 1 - depth];
        frame.IsTarget = true;
        if (IsInPlace(frame))
        {
            _il.Branch(branchIfTrue, frame.Label);
            return;
        }

        var past = _il.NewLabel();
        _il.Branch(branchIfFalse, past);
        CopyToLabel(frame);
        _il.Branch(ILOpCode.Br, frame.Label);
        _il.Mark(past);
    }

    private void BranchTable(ref ByteReader reader)
    {
        Settle(1);
        StoreBelowTop();
        Pop(1);
        var count = (int)reader.ReadU32();
        var labels = new int[count];
        var stubs = new SortedDictionary<int, int>();
        for (var index = 0; index < count; index++)
        {
            labels[index] = Target(reader.ReadIndex());
        }

        var otherwise = Target(reader.ReadIndex());
        if (count == 0)
        {
            _il.Op(ILOpCode.Pop);
        }
        else
        {
            _il.Switch(labels);
        }

        _il.Branch(ILOpCode.Br, otherwise);
        foreach (var (depth, label) in stubs)
        {
            _il.Mark(label);
            if (LeavesRegion(depth))
            {
                Leave(depth);
                continue;
            }

            var frame = _frames[_frames.Count - 1 - depth];
            CopyToLabel(frame);
            _il.Branch(ILOpCode.Br, frame.Label);
        }

        _reachable = false;

        int Target(int depth)
        {
            if (!LeavesRegion(depth))
            {
                var frame = _frames[_frames.Count - 1 - depth];
                frame.IsTarget = true;
                if (IsInPlace(frame))
                {
                    return frame.Label;
                }
            }

            if (!stubs.TryGetValue(depth, out var stub))
            {
                stub = _il.NewLabel();
                stubs.Add(depth, stub);
            }

            return stub;
        }
    }

    // The outermost frame of a region stands for the place where the region is; all behind it is outside.
    private bool LeavesRegion(int depth) => _region is not null && depth >= _frames.Count - 1;

    // Leaves a region. Only a return takes a value along, which is the top operand and stays on the list.
    private void Leave(int depth)
    {
        var answer = AnswerFor(depth - (_frames.Count - 1));
        if (answer == Return && _type.Results.Length == 1)
        {
            Settle(1);
            Require(1);
            var value = _operands[^1];
            ReturnFromRegion();
            Push(value.Type);
            _resident = 0;
            return;
        }

        Answer(answer);
    }

    // Whether the operands that a label takes are in the slots where it expects them; nothing may be resident.
    private bool IsInPlace(Frame frame) =>
        frame.LabelTypes.Length == 0 || _operands.Count - frame.LabelTypes.Length == frame.Height;

    // Copies stored operands to the slots of a label and leaves the stack as it is. Slots are copied upward from a
    // place that is not lower, so none is overwritten before it is read.
    private void CopyToLabel(Frame frame)
    {
        var types = frame.LabelTypes;
        var source = _operands.Count - types.Length;
        for (var index = 0; index < types.Length; index++)
        {
            _il.LoadLocal(Slot(source + index, types[index]));
            _il.StoreLocal(Slot(frame.Height + index, types[index]));
        }
    }

    // Moves the operands that a label takes to their slots; the operands themselves are left for the caller to drop.
    private void MoveToLabel(Frame frame)
    {
        var types = frame.LabelTypes;
        if (types.Length == 0)
        {
            DiscardResidents();
            return;
        }

        if (IsInPlace(frame))
        {
            StoreResidents();
            return;
        }

        Settle(types.Length);
        Require(types.Length);
        for (var index = types.Length - 1; index >= 0; index--)
        {
            _il.StoreLocal(Slot(frame.Height + index, types[index]));
        }

        _resident -= types.Length;
        DiscardResidents();
    }

    private void WriteReturn()
    {
        if (_region is not null)
        {
            ReturnFromRegion();
            return;
        }

        var types = _type.Results;
        if (types.Length > 0)
        {
            Settle(types.Length);
            RequireOnly(types.Length);
            if (types.Length > 1)
            {
                StoreResidents();
                WriteFurtherResults(types);
                LoadSlot(_operands.Count - types.Length, types[0]);
            }
        }
        else
        {
            DiscardResidents();
        }

        GiveUnitsBack();
        _il.Op(ILOpCode.Ret);
        _resident = 0;
        _reachable = false;
    }

    private void LoadSlot(int depth, WasmType type) => _il.LoadLocal(Slot(depth, type));

    // Every result but the first goes to the store's scratch area, 16 bytes each.
    private void WriteFurtherResults(ImmutableArray<WasmType> types)
    {
        var scratch = NewLocal(WasmType.FuncRef);
        LoadState(InstanceLayout.Scratch, ILOpCode.Ldind_i);
        _il.StoreLocal(scratch);
        for (var index = 1; index < types.Length; index++)
        {
            _il.LoadLocal(scratch);
            _il.LoadInt32(16 * (index - 1));
            _il.Op(ILOpCode.Add);
            LoadSlot(_operands.Count - types.Length + index, types[index]);
            _il.StoreIndirect(types[index]);
        }
    }

    /// <summary>A block that is being compiled.</summary>
    private sealed class Frame(
        FrameKind kind,
        int label,
        int height,
        ImmutableArray<WasmType> parameters,
        ImmutableArray<WasmType> results)
    {
        public FrameKind Kind { get; set; } = kind;

        /// <summary>Where branches to the block go: its end, or the start of a loop.</summary>
        public int Label { get; } = label;

        public int ElseLabel { get; set; }

        /// <summary>Operands below the block's parameters.</summary>
        public int Height { get; } = height;

        public ImmutableArray<WasmType> Parameters { get; } = parameters;

        public ImmutableArray<WasmType> Results { get; } = results;

        /// <summary>Whether anything branches to <see cref="Label"/>.</summary>
        public bool IsTarget { get; set; }

        /// <summary>What was checked where the block begins.</summary>
        public CheckedAddresses[] Checked { get; set; } = [];

        /// <summary>Calls before the block.</summary>
        public int CallsBefore { get; set; }

        /// <summary>Whether the loop holds the memory's length in a local.</summary>
        public bool HoldsLength { get; set; }

        /// <summary>What a branch to the block takes along.</summary>
        public ImmutableArray<WasmType> LabelTypes => Kind == FrameKind.Loop ? Parameters : Results;
    }
}
