using Larder.Wasm.Decoding;

namespace Larder.Wasm.Validation;

/// <summary>
/// Validates constant expressions and notes the functions that they name. Source: WebAssembly 2.0, section 3.3.10, and the
/// extended constant expressions proposal.
/// </summary>
internal sealed class ConstantValidator
{
    private const Opcode V128Const = Opcode.SimdBase + 12;

    private readonly WasmModule _module;
    private readonly ModuleLimits _limits;
    private readonly bool[] _declaredFunctions;
    private WasmType[] _stack;
    private int _height;
    private int _visibleGlobals;
    private string _section = "";

    /// <summary>Creates a validator.</summary>
    /// <param name="module">The module; its types, imports and functions are valid.</param>
    /// <param name="limits">Limits on everything countable.</param>
    /// <param name="declaredFunctions">Is set for every function that an expression names.</param>
    public ConstantValidator(WasmModule module, ModuleLimits limits, bool[] declaredFunctions)
    {
        _module = module;
        _limits = limits;
        _declaredFunctions = declaredFunctions;
        _stack = new WasmType[Math.Min(16, limits.OperandDepth)];
    }

    /// <summary>Validates one expression.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="expected">The type of its value.</param>
    /// <param name="visibleGlobals">Number of globals, from the first on, that it may read.</param>
    /// <param name="section">The section that it is in, for messages.</param>
    /// <exception cref="WasmException">It is invalid.</exception>
    public void Validate(in ConstantExpression expression, WasmType expected, int visibleGlobals, string section)
    {
        _visibleGlobals = visibleGlobals;
        _section = section;
        var actual = expression.Kind switch
        {
            Opcode.I32Const => WasmType.I32,
            Opcode.I64Const => WasmType.I64,
            Opcode.F32Const => WasmType.F32,
            Opcode.F64Const => WasmType.F64,
            V128Const => WasmType.V128,
            Opcode.RefNull => (WasmType)expression.Value,
            Opcode.RefFunc => FunctionReference((int)expression.Value, expression.Offset),
            Opcode.GlobalGet => GlobalType((int)expression.Value, expression.Offset),
            _ => Walk(expression),
        };
        if (actual != expected)
        {
            throw Mismatch(expected, actual, expression.Offset);
        }
    }

    private WasmType Walk(in ConstantExpression expression)
    {
        var reader = new ByteReader(expression.Code.Span, expression.Offset, _section);
        _height = 0;
        while (true)
        {
            var offset = reader.Offset;
            var opcode = reader.ReadOpcode();
            switch (opcode)
            {
                case Opcode.I32Const:
                    reader.ReadS32();
                    Push(WasmType.I32, offset);
                    break;
                case Opcode.I64Const:
                    reader.ReadS64();
                    Push(WasmType.I64, offset);
                    break;
                case Opcode.F32Const:
                    reader.ReadF32Bits();
                    Push(WasmType.F32, offset);
                    break;
                case Opcode.F64Const:
                    reader.ReadF64Bits();
                    Push(WasmType.F64, offset);
                    break;
                case V128Const:
                    reader.ReadBytes(16);
                    Push(WasmType.V128, offset);
                    break;
                case Opcode.RefNull:
                    Push(reader.ReadHeapType(), offset);
                    break;
                case Opcode.RefFunc:
                    Push(FunctionReference(reader.ReadIndex(), offset), offset);
                    break;
                case Opcode.GlobalGet:
                    Push(GlobalType(reader.ReadIndex(), offset), offset);
                    break;
                case Opcode.I32Add or Opcode.I32Sub or Opcode.I32Mul:
                    Combine(WasmType.I32, offset);
                    break;
                case Opcode.I64Add or Opcode.I64Sub or Opcode.I64Mul:
                    Combine(WasmType.I64, offset);
                    break;
                case Opcode.End:
                    return _height == 1 ? _stack[0] : throw Invalid(
                        $"type mismatch: a constant expression leaves one value, this one leaves {_height}", offset);
                default:
                    throw Invalid($"constant expression required: {opcode.ToText()} is not constant", offset);
            }
        }
    }

    private void Combine(WasmType type, long offset)
    {
        Pop(type, offset);
        Pop(type, offset);
        Push(type, offset);
    }

    private void Push(WasmType type, long offset)
    {
        if (_height == _stack.Length)
        {
            if (_height >= _limits.OperandDepth)
            {
                throw new WasmException(
                    WasmErrorKind.LimitExceeded,
                    $"more than {_limits.OperandDepth} operands in a constant expression, the limit",
                    new ModuleLocation(_section, offset));
            }

            Array.Resize(ref _stack, Math.Min(_stack.Length * 2, _limits.OperandDepth));
        }

        _stack[_height++] = type;
    }

    private void Pop(WasmType expected, long offset)
    {
        if (_height == 0)
        {
            throw Invalid($"type mismatch: {expected.ToText()} is expected but the stack is empty", offset);
        }

        var actual = _stack[--_height];
        if (actual != expected)
        {
            throw Mismatch(expected, actual, offset);
        }
    }

    private WasmType FunctionReference(int index, long offset)
    {
        if (index >= _module.FunctionTypes.Length)
        {
            throw Invalid($"unknown function {index}: the module has {_module.FunctionTypes.Length}", offset);
        }

        _declaredFunctions[index] = true;
        return WasmType.FuncRef;
    }

    private WasmType GlobalType(int index, long offset)
    {
        if (index >= _visibleGlobals)
        {
            throw Invalid($"unknown global {index}: {_visibleGlobals} can be read here", offset);
        }

        var global = _module.Globals[index];
        return !global.IsMutable
            ? global.Type
            : throw Invalid($"constant expression required: global {index} is mutable", offset);
    }

    private WasmException Mismatch(WasmType expected, WasmType actual, long offset) =>
        Invalid($"type mismatch: {expected.ToText()} is expected but the expression has {actual.ToText()}", offset);

    private WasmException Invalid(string message, long offset) =>
        new(WasmErrorKind.Invalid, message, new ModuleLocation(_section, offset));
}
