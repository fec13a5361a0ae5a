using Larder.Wasm.Decoding;

namespace Larder.Wasm.Validation;

/// <summary>
/// Validates function bodies, one after the other, in one pass without recursion: a stack of the types of values and a
/// stack of the open blocks. Code behind an unconditional branch can pop what is not there; a value of unknown type is
/// <see cref="WasmType.None"/>. Errors of the instructions' encoding are found here as well, because bodies are read only
/// once. Not thread safe: every thread has its own. Source: WebAssembly 2.0, appendix 7.3.
/// </summary>
internal sealed partial class FunctionValidator
{
    // Wide types let one byte of code check a thousand values. Code that is not made to be slow stays far below this.
    private const int WorkPerByte = 64;
    private const int FreeWork = 1_000_000;

    private readonly WasmModule _module;
    private readonly ModuleLimits _limits;
    private readonly WasmFeatures _features;
    private readonly bool[] _declaredFunctions;
    private WasmType[] _stack;
    private ControlFrame[] _frames = new ControlFrame[32];
    private WasmType[] _locals = new WasmType[64];
    private int _height;
    private int _depth;
    private int _localCount;

    // Height and reachability of the innermost block, kept beside its frame because every pop needs them.
    private int _floor;
    private bool _isUnreachable;

    // The instruction that is being validated, for messages.
    private Opcode _opcode;
    private int _start;
    private long _work;
    private FunctionBody _body = null!; // Set by Validate before anything reads it.
    private int _function;

    /// <summary>Creates a validator for the functions of one module.</summary>
    /// <param name="module">The module; everything but its code is valid.</param>
    /// <param name="limits">Limits on everything countable.</param>
    /// <param name="features">The parts of the specification that are on.</param>
    /// <param name="declaredFunctions">The functions that <c>ref.func</c> may name.</param>
    public FunctionValidator(WasmModule module, ModuleLimits limits, WasmFeatures features, bool[] declaredFunctions)
    {
        _module = module;
        _limits = limits;
        _features = features;
        _declaredFunctions = declaredFunctions;
        _stack = new WasmType[Math.Min(64, limits.OperandDepth)];
    }

    /// <summary>Validates the body of function <paramref name="function"/> of the function index space.</summary>
    /// <exception cref="WasmException">The body is malformed, invalid or beyond a limit.</exception>
    public void Validate(int function)
    {
        _function = function;
        _body = _module.Bodies[function - _module.ImportedFunctionCount];
        _height = 0;
        _depth = 0;
        _work = FreeWork + ((long)WorkPerByte * _body.Code.Length);
        DeclareLocals();
        _opcode = Opcode.Block;
        _start = 0;
        PushFrame(Opcode.Block, new BlockType(_module.FunctionTypes[function], WasmType.None));

        var reader = new ByteReader(_body.Code.Span, _body.Offset, "code", function);
        var numeric = InstructionSignatures.OneByte;
        do
        {
            _start = reader.Position;
            var opcode = reader.ReadOpcode();
            _opcode = opcode;
            if ((uint)opcode < (uint)numeric.Length && numeric[(int)opcode] is { OperandCount: not 0 } signature)
            {
                Compute(signature);
            }
            else
            {
                Instruction(ref reader, opcode);
            }
        }
        while (_depth > 0);

        if (!reader.AtEnd)
        {
            throw reader.Malformed(
                $"section size mismatch: END opcode expected as the last byte, {reader.Remaining} bytes follow it");
        }
    }

    private void DeclareLocals()
    {
        var parameters = _module.FunctionTypeOf(_function).Parameters;
        _localCount = parameters.Length + _body.LocalCount;
        if (_locals.Length < _localCount)
        {
            _locals = new WasmType[_localCount];
        }

        parameters.CopyTo(_locals);
        var next = parameters.Length;
        foreach (var run in _body.Locals)
        {
            _locals.AsSpan(next, run.Count).Fill(run.Type);
            next += run.Count;
        }
    }

    private void Compute(NumericSignature signature)
    {
        Pop(signature.Operand);
        if (signature.OperandCount == 2)
        {
            Pop(signature.Operand);
        }

        Push(signature.Result);
    }

    private void Instruction(ref ByteReader reader, Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.LocalGet:
                Push(LocalType(reader.ReadU32()));
                break;
            case Opcode.LocalSet:
                Pop(LocalType(reader.ReadU32()));
                break;
            case Opcode.LocalTee:
                var type = LocalType(reader.ReadU32());
                Pop(type);
                Push(type);
                break;
            case Opcode.I32Const:
                reader.ReadS32();
                Push(WasmType.I32);
                break;
            case Opcode.I64Const:
                reader.ReadS64();
                Push(WasmType.I64);
                break;
            case Opcode.F32Const:
                reader.ReadF32Bits();
                Push(WasmType.F32);
                break;
            case Opcode.F64Const:
                reader.ReadF64Bits();
                Push(WasmType.F64);
                break;
            case >= Opcode.I32Load and <= Opcode.I64Store32:
                LoadOrStore(ref reader, opcode);
                break;
            case Opcode.Nop:
                break;
            case Opcode.Drop:
                PopAny();
                break;
            case Opcode.GlobalGet:
                Push(GlobalAt(reader.ReadIndex()).Type);
                break;
            case Opcode.GlobalSet:
                GlobalSet(reader.ReadIndex());
                break;
            case Opcode.Select:
                Select();
                break;
            case >= Opcode.I32TruncSatF32S and <= Opcode.I64TruncSatF64U:
                Compute(InstructionSignatures.SaturatingOf(opcode));
                break;
            case >= Opcode.SimdBase:
                Vector(ref reader, opcode);
                break;
            case >= Opcode.Unreachable and <= Opcode.ReturnCallIndirect:
                Control(ref reader, opcode);
                break;
            case Opcode.MemorySize or Opcode.MemoryGrow or (>= Opcode.MemoryInit and <= Opcode.MemoryFill):
                Memory(ref reader, opcode);
                break;
            default:
                Reference(ref reader, opcode);
                break;
        }
    }

    private WasmType LocalType(uint index) => index < (uint)_localCount
        ? _locals[index]
        : throw Invalid($"unknown local {index}: the function has {_localCount}");

    private GlobalType GlobalAt(int index) => index < _module.Globals.Length
        ? _module.Globals[index]
        : throw Invalid($"unknown global {index}: the module has {_module.Globals.Length}");

    private void GlobalSet(int index)
    {
        var global = GlobalAt(index);
        if (!global.IsMutable)
        {
            throw Invalid($"immutable global: global is immutable, index {index}");
        }

        Pop(global.Type);
    }

    /// <summary>The select without a type: both values are of one type, which is no reference type.</summary>
    private void Select()
    {
        Pop(WasmType.I32);
        var second = PopAny();
        var first = PopAny();
        if (first.IsReference() || second.IsReference())
        {
            throw Invalid("type mismatch: select without a type takes no references");
        }

        if (first != second && first != WasmType.None && second != WasmType.None)
        {
            throw Invalid($"type mismatch: select has {first.ToText()} and {second.ToText()}");
        }

        Push(first == WasmType.None ? second : first);
    }

    private bool Has(WasmFeatures feature) => (_features & feature) == feature;

    private void Require(WasmFeatures feature, string name)
    {
        if (!Has(feature))
        {
            throw Error(WasmErrorKind.Unsupported, $"{_opcode.ToText()} belongs to {name}: switched off");
        }
    }

    private WasmException Invalid(string message) => Error(WasmErrorKind.Invalid, message);

    private WasmException Error(WasmErrorKind kind, string message) =>
        new(kind, message, new ModuleLocation("code", _body.Offset + _start, _function));
}
