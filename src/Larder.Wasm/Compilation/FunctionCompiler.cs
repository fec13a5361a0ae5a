using System.Reflection.Metadata;
using Larder.Wasm.Decoding;

namespace Larder.Wasm.Compilation;

/// <summary>
/// Turns the body of one validated function into code of the common language.
/// <para>
/// The two stack machines are laid on top of each other: an operand is pushed by the instruction that pushes it. The
/// operands at the top that really are on the runtime's stack are <i>resident</i>; those below were stored to a local
/// that belongs to their depth and type, their <i>slot</i>, and are loaded again when they are used. At every branch and
/// every label nothing is resident, and the values that a label takes are in the slots of the depth at which its block
/// begins. So the JIT compiler never has to invent a variable for a value that lives across blocks.
/// </para>
/// <para>
/// Code that cannot be reached is read over. Not thread safe; one instance compiles one function after the other.
/// </para>
/// </summary>
internal sealed partial class FunctionCompiler(WasmModule module, InstanceLayout layout, CodeOptions options)
{
    private readonly IlWriter _il = new();
    private FunctionScan _scan = new();
    private readonly List<Operand> _operands = [];
    private readonly List<Frame> _frames = [];
    private readonly List<WasmType> _locals = [];
    private readonly Dictionary<int, int> _slots = [];
    private readonly Dictionary<TrapKind, int> _trapLabels = [];
    private readonly Dictionary<int, int> _memoryLocals = [];
    private FunctionType _type = null!;
    private int _defined;

    // The argument that holds the base, the last one.
    private int _contextArgument;
    private int _resident;
    private int _maxResident;
    private bool _reachable;
    private int _skippedBlocks;
    private int _loopsSeen;

    // Where iterations end the function, for want of fuel or because of an interruption; -1 when nothing goes there.
    private int _stopLabel = -1;

    /// <summary>The writer, with the counts of the function that was compiled last.</summary>
    internal IlWriter Il => _il;

    /// <summary>Compiles the function with index <paramref name="defined"/> among the defined ones.</summary>
    public MethodCode Compile(int defined)
    {
        var code = CompileWhole(defined);
        if (IsTooLong)
        {
            code = Split(defined, code);
        }

        var frame = FrameBytes(code);
        return frame > LargestOpenFrame ? CheckBefore(code, frame) : code;
    }

    private MethodCode CompileWhole(int defined)
    {
        var body = module.Bodies[defined];
        Reset(defined, body);
        WritePrologue(body);

        var reader = new ByteReader(body.Code.Span, body.Offset);
        while (!reader.AtEnd)
        {
            if (!_reachable || !TryEnterRegion(ref reader))
            {
                Next(ref reader);
            }
        }

        WriteTraps();
        SetUnits();
        var (code, relocations) = _il.Finish();
        return new MethodCode(code, relocations, [.. _locals], _maxResident + 8, [.. _regionCode]) { CountsDepth = _countsDepth };
    }

    private void Next(ref ByteReader reader)
    {
        var opcode = reader.ReadOpcode();
        if (_reachable)
        {
            Instruction(ref reader, opcode);
        }
        else
        {
            SkipInstruction(ref reader, opcode);
        }
    }

    private void Reset(int defined, FunctionBody body)
    {
        var type = module.FunctionTypeOf(module.ImportedFunctionCount + defined);
        _type = type;
        _defined = defined;
        _contextArgument = type.Parameters.Length;
        _regionCode.Clear();
        _il.Reset();
        _operands.Clear();
        _frames.Clear();
        _locals.Clear();
        _slots.Clear();
        _trapLabels.Clear();
        _stopLabel = -1;
        _memoryLocals.Clear();
        ResetChecks();
        _resident = 0;
        _maxResident = 0;
        _reachable = true;
        _skippedBlocks = 0;
        _loopsSeen = 0;
        foreach (var run in body.Locals)
        {
            for (var count = run.Count; count > 0; count--)
            {
                _locals.Add(run.Type);
            }
        }

        _frames.Add(new Frame(FrameKind.Function, _il.NewLabel(), 0, [], type.Results));
        _scan.Run(body, type.Parameters.Length);
        ResetDepth(body);
    }

    private void WritePrologue(FunctionBody body)
    {
        TakeUnits();
        if (_scan.HasCalls)
        {
            WriteStackCheck();
        }

        for (var index = 0; index < body.LocalCount; index++)
        {
            LoadZero(_locals[index]);
            _il.StoreLocal(index);
        }

        WriteMemoryBases();
        ChargeFuel(_scan.EntryCost);
    }

    // Memories that the instance does not carry have a base of their own, which never changes.
    private void WriteMemoryBases()
    {
        for (var memory = layout.CarriesMemory ? 1 : 0; memory < module.Memories.Length; memory++)
        {
            if ((_scan.Memories & (1UL << memory)) != 0)
            {
                var local = NewLocal(WasmType.FuncRef);
                LoadState(layout.Memories[memory], ILOpCode.Ldind_i);
                _il.StoreLocal(local);
                _memoryLocals.Add(memory, local);
            }
        }
    }

    private void Instruction(ref ByteReader reader, Opcode opcode)
    {
        if (SimpleInstructions.Find(opcode) is { } simple)
        {
            if (simple.BranchIfTrue is null || !TryCompareAndBranch(ref reader, simple))
            {
                var (variable, addend) = SumOfTop(opcode);
                Simple(simple);
                NameTop(variable, addend);
            }

            return;
        }

        switch (opcode)
        {
            case Opcode.LocalGet:
                LocalGet(reader.ReadIndex());
                break;
            case Opcode.LocalSet:
                LocalSet(reader.ReadIndex());
                break;
            case Opcode.LocalTee:
                LocalTee(reader.ReadIndex());
                break;
            case Opcode.I32Const:
                var number = reader.ReadS32();
                _il.LoadInt32(number);
                Push(WasmType.I32);
                NameTop(Constant, (uint)number);
                break;
            case Opcode.I64Const:
                _il.LoadInt64(reader.ReadS64());
                Push(WasmType.I64);
                break;
            case Opcode.F32Const:
                Float32(reader.ReadF32Bits());
                break;
            case Opcode.F64Const:
                Float64(reader.ReadF64Bits());
                break;
            case Opcode.Nop:
                break;
            case Opcode.Drop:
                Drop();
                break;
            case Opcode.SelectTyped:
                Immediates.Skip(ref reader, opcode);
                Select();
                break;
            case Opcode.Select:
                Select();
                break;
            case Opcode.GlobalGet:
                GlobalGet(reader.ReadIndex());
                break;
            case Opcode.GlobalSet:
                GlobalSet(reader.ReadIndex());
                break;
            case >= Opcode.I32Load and <= Opcode.I64Load32U:
                Load(ref reader, opcode);
                break;
            case >= Opcode.I32Store and <= Opcode.I64Store32:
                Store(ref reader, opcode);
                break;
            case >= Opcode.SimdBase:
                Vector(ref reader, opcode - Opcode.SimdBase);
                break;
            default:
                if (!Control(ref reader, opcode) && !Call(ref reader, opcode))
                {
                    Bulk(ref reader, opcode);
                }

                break;
        }
    }

    private void Simple(SimpleInstruction simple)
    {
        if (!simple.TakesAnyNaN || (TakesIntegers(simple) && ComparesIntegers(simple)))
        {
            Settle(simple.Operands);
        }

        Require(simple.Operands);
        var isRaw = MayRotate(simple) || (options.CanonicalNaNs && simple.MakesNaN);
        if (simple.CountMask != 0)
        {
            // The common language leaves open what a count beyond the width does.
            if (simple.Result == WasmType.I64)
            {
                _il.Op(ILOpCode.Conv_i4);
            }

            _il.LoadInt32(simple.CountMask);
            _il.Op(ILOpCode.And);
        }

        if (simple.Method is { } method)
        {
            _il.Call(method);
        }
        else
        {
            foreach (var code in simple.Code)
            {
                _il.Op(code);
            }
        }

        Pop(simple.Operands);
        Push(simple.Result, isRaw, maybeShift: simple.Combination != Combination.None);
    }

    private bool TakesIntegers(SimpleInstruction simple) =>
        simple.Operands > 0 && _operands[^1].Type is WasmType.I32 or WasmType.I64;

    private void LocalGet(int index)
    {
        if (_region is not null)
        {
            GetInRegion(index);
        }
        else
        {
            LoadVariable(index);
            Push(VariableType(index), maybeShift: _scan.MayHoldShift(index));
        }

        NameTop(index);
    }

    private void LocalSet(int index)
    {
        var value = _operands[^1];
        if (_region is not null)
        {
            SetInRegion(index);
        }
        else
        {
            Settle(1);
            Require(1);
            StoreVariable(index);
            Pop(1);
        }

        NoteSet(index, value);
    }

    private void LocalTee(int index)
    {
        var value = _operands[^1];
        if (_region is not null)
        {
            SetInRegion(index);
            GetInRegion(index);
        }
        else
        {
            // Not by duplicating the value, for which the JIT compiler would make up a variable.
            Settle(1);
            Require(1);
            StoreVariable(index);
            LoadVariable(index);
            _operands[^1] = _operands[^1] with { MaybeShift = _scan.MayHoldShift(index) };
        }

        NoteSet(index, value);
        NameTop(index);
    }

    private void Drop()
    {
        if (_resident > 0)
        {
            _il.Op(ILOpCode.Pop);
        }

        Pop(1);
    }

    private void Select()
    {
        Settle(3);
        Require(3);
        var type = _operands[^2].Type;
        _il.Call(RuntimeMethods.Select(type));
        Pop(3);
        Push(type, maybeShift: true);
    }

    private void Float32(uint bits)
    {
        var value = BitConverter.UInt32BitsToSingle(bits);
        if (float.IsNaN(value))
        {
            // The JIT compiler keeps float constants as doubles, which would quiet a signalling NaN.
            _il.LoadInt32((int)bits);
            _il.Call(RuntimeMethods.SingleFromBits);
        }
        else if (!options.CanonicalNaNs && FloatCells.Offset(value) is var cell and not 0)
        {
            LoadState(cell, ILOpCode.Ldind_r4);
        }
        else
        {
            _il.LoadFloat32(value);
        }

        Push(WasmType.F32);
    }

    private void Float64(ulong bits)
    {
        var value = BitConverter.UInt64BitsToDouble(bits);
        if (double.IsNaN(value))
        {
            _il.LoadInt64((long)bits);
            _il.Call(RuntimeMethods.DoubleFromBits);
        }
        else if (!options.CanonicalNaNs && FloatCells.Offset(value) is var cell and not 0)
        {
            LoadState(cell, ILOpCode.Ldind_r8);
        }
        else
        {
            _il.LoadFloat64(value);
        }

        Push(WasmType.F64);
    }

    private void LoadVariable(int index)
    {
        if (index < _contextArgument)
        {
            _il.LoadArgument(index);
        }
        else
        {
            _il.LoadLocal(index - _contextArgument);
        }
    }

    private void StoreVariable(int index)
    {
        if (index < _contextArgument)
        {
            _il.StoreArgument(index);
        }
        else
        {
            _il.StoreLocal(index - _contextArgument);
        }
    }

    private WasmType VariableType(int index) =>
        _regionTypes is not null ? _regionTypes(index)
        : index < _contextArgument ? _type.Parameters[index]
        : _locals[index - _contextArgument];

    private int NewLocal(WasmType type)
    {
        _locals.Add(type);
        return _locals.Count - 1;
    }

    private void LoadZero(WasmType type)
    {
        switch (type)
        {
            case WasmType.I32:
                _il.LoadInt32(0);
                break;
            case WasmType.I64:
                _il.LoadInt64(0);
                break;
            case WasmType.F32:
                _il.LoadFloat32(0);
                break;
            case WasmType.F64:
                _il.LoadFloat64(0);
                break;
            case WasmType.V128:
                _il.Call(RuntimeMethods.VectorZero);
                break;
            default:
                _il.LoadInt32(0);
                _il.Op(ILOpCode.Conv_u);
                break;
        }
    }

    // Pushes what lies at an offset from the base.
    private void LoadState(int offset, ILOpCode load)
    {
        StateAddress(offset);
        _il.Op(load);
    }

    private void StateAddress(int offset)
    {
        _il.LoadArgument(_contextArgument);
        _il.LoadInt32(offset);
        _il.Op(ILOpCode.Add);
    }
}
