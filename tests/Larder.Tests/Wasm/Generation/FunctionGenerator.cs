using Larder.Wasm.Validation;

namespace Larder.Tests.Wasm.Generation;

/// <summary>
/// Writes the body of one valid function at random. Every function takes how deep it may still call as its first
/// parameter, loops count down, and all of them together use up a global budget, so every call ends.
/// <para>
/// The bits of a NaN are not the same everywhere. Where they could be seen (stores, reinterpretations, signs, vectors)
/// code is added that makes them canonical, unless <see cref="GeneratorOptions.KeepNaNs"/> says otherwise.
/// </para>
/// </summary>
internal sealed partial class FunctionGenerator
{
    private const int DepthLocal = 0;

    private static readonly ILookup<WasmType, (Opcode Opcode, WasmType Operand, int Count)> Operators = FindOperators()
        .ToLookup(static one => one.Result, static one => (one.Opcode, one.Operand, one.Count));

    private readonly Random _random;
    private readonly ModuleShape _shape;
    private readonly GeneratorOptions _options;
    private readonly FunctionType _type;
    private readonly WasmCode _code = new();
    private readonly List<WasmType> _locals = [];

    // Locals that keep loops from running for ever; nothing else sets them.
    private readonly HashSet<int> _reserved = [DepthLocal];
    private readonly Dictionary<WasmType, int> _scratch = [];
    private readonly List<Label> _labels = [];
    private readonly List<int> _counters = [];

    // Only these locals are used when there is such a window.
    private List<int>? _window;
    private int _nodes;

    public FunctionGenerator(Random random, ModuleShape shape, GeneratorOptions options, FunctionType type, int nodes)
    {
        _random = random;
        _shape = shape;
        _options = options;
        _type = type;
        _nodes = nodes;
        _locals.AddRange(type.Parameters);
        for (var count = random.Next(0, 8); count > 0; count--)
        {
            _locals.Add(AnyType());
        }
    }

    /// <summary>The body with its length in front.</summary>
    public byte[] Generate(FunctionKind kind)
    {
        _labels.Add(new Label([.. _type.Results], -1));
        WriteEntry();
        if (kind == FunctionKind.Interpreter)
        {
            Interpreter();
        }
        else if (kind == FunctionKind.Long)
        {
            while (_nodes > 0)
            {
                Statement(6);
            }
        }
        else
        {
            Statements(4, 5);
        }

        foreach (var result in _type.Results)
        {
            Value(result, 4);
        }

        _code.Op(Opcode.End);
        var parameters = _type.Parameters.Length;
        byte[][] locals = [.. _locals.Skip(parameters).Select(static type => (byte[])[1, (byte)type])];
        return ModuleBytes.RawBody([.. ModuleBytes.Vector(locals), .. _code.ToArray()]);
    }

    // Ends at once when the calls are deep enough, and counts the call.
    private void WriteEntry()
    {
        _code.Op(Opcode.LocalGet, DepthLocal);
        _code.I32(0);
        _code.Op(Opcode.I32LeS);
        _code.Op(Opcode.If);
        _code.Byte(ModuleBytes.Empty);
        foreach (var result in _type.Results)
        {
            Constant(result);
        }

        _code.Op(Opcode.Return);
        _code.Op(Opcode.End);
        UseBudget();
    }

    private void UseBudget()
    {
        _code.Op(Opcode.GlobalGet, ModuleShape.BudgetGlobal);
        _code.I32(1);
        _code.Op(Opcode.I32Sub);
        _code.Op(Opcode.GlobalSet, ModuleShape.BudgetGlobal);
        _code.Op(Opcode.GlobalGet, ModuleShape.BudgetGlobal);
        _code.I32(0);
        _code.Op(Opcode.I32LtS);
        _code.Op(Opcode.If);
        _code.Byte(ModuleBytes.Empty);
        _code.Op(Opcode.Unreachable);
        _code.Op(Opcode.End);
    }

    /// <summary>Writes code that pushes one value.</summary>
    private void Value(WasmType type, int depth)
    {
        if (depth <= 0 || --_nodes < 0)
        {
            Leaf(type);
            return;
        }

        switch (_random.Next(20))
        {
            case 0 or 1 or 2:
                Leaf(type);
                break;
            case 3:
                TypedBlock(type, depth - 1);
                break;
            case 4:
                TypedIf(type, depth - 1);
                break;
            case 5 when Chance(3):
                TypedLoop(type, depth - 1);
                break;
            case 6:
                Selection(type, depth - 1);
                break;
            case 7:
                Tee(type, depth - 1);
                break;
            case 8:
                CallFor(type, depth - 1);
                break;
            case 9:
                BranchWithValue(type, depth - 1);
                break;
            case 10 when Chance(2):
                Statement(depth - 1);
                Value(type, depth - 1);
                break;
            default:
                Computed(type, depth - 1);
                break;
        }
    }

    private void Computed(WasmType type, int depth)
    {
        switch (type)
        {
            case WasmType.FuncRef or WasmType.ExternRef:
                Reference(type, depth);
                break;
            case WasmType.V128:
                VectorResult(type, depth);
                break;
            case WasmType.I32 when Chance(8):
                Size(depth);
                break;
            default:
                if (_options.Vectors && Chance(6))
                {
                    VectorResult(type, depth);
                }
                else if (Chance(4))
                {
                    Load(type, depth);
                }
                else
                {
                    Operator(type, depth);
                }

                break;
        }
    }

    private void Operator(WasmType type, int depth)
    {
        var (opcode, operand, count) = Pick([.. Operators[type]]);
        if (IsTrappingConversion(opcode) && !Chance(12))
        {
            // Small and positive, so that it fits.
            Value(WasmType.I32, depth);
            _code.I32(0xFFFF);
            _code.Op(Opcode.I32And);
            _code.Op(operand == WasmType.F32 ? Opcode.F32ConvertI32U : Opcode.F64ConvertI32U);
            _code.Op(opcode);
            return;
        }

        var isDivision = opcode is >= Opcode.I32DivS and <= Opcode.I32RemU or >= Opcode.I64DivS and <= Opcode.I64RemU;
        for (var index = 0; index < count; index++)
        {
            var isSeen = opcode is Opcode.I32ReinterpretF32 or Opcode.I64ReinterpretF64
                || (index == 1 && opcode is Opcode.F32Copysign or Opcode.F64Copysign);
            if (isSeen)
            {
                ValueToBeSeen(operand, depth);
            }
            else
            {
                Value(operand, depth);
            }

            if (index == 1 && isDivision && !Chance(16))
            {
                Odd(operand);
            }
        }

        _code.Op(opcode);
    }

    private void Odd(WasmType type)
    {
        if (type == WasmType.I32)
        {
            _code.I32(1);
            _code.Op(Opcode.I32Or);
        }
        else
        {
            _code.I64(1);
            _code.Op(Opcode.I64Or);
        }
    }

    // A value whose bits matter.
    private void ValueToBeSeen(WasmType type, int depth)
    {
        Value(type, depth);
        if (_options.KeepNaNs || type is not (WasmType.F32 or WasmType.F64))
        {
            return;
        }

        var local = Scratch(type);
        _code.Op(Opcode.LocalSet, local);
        if (type == WasmType.F32)
        {
            _code.F32(0x7FC0_0000);
        }
        else
        {
            _code.F64(0x7FF8_0000_0000_0000);
        }

        _code.Op(Opcode.LocalGet, local);
        _code.Op(Opcode.LocalGet, local);
        _code.Op(Opcode.LocalGet, local);
        _code.Op(type == WasmType.F32 ? Opcode.F32Ne : Opcode.F64Ne);
        _code.Op(Opcode.Select);
    }

    private void Leaf(WasmType type)
    {
        var locals = LocalsOf(type, settable: false);
        if (locals.Count > 0 && !Chance(3))
        {
            _code.Op(Opcode.LocalGet, Pick(locals));
            return;
        }

        var globals = GlobalsOf(type, mutable: false);
        if (globals.Count > 0 && Chance(3))
        {
            _code.Op(Opcode.GlobalGet, Pick(globals));
            return;
        }

        Constant(type);
    }

    private void Selection(WasmType type, int depth)
    {
        Value(type, depth);
        Value(type, depth);
        Value(WasmType.I32, depth);
        if (type is WasmType.FuncRef or WasmType.ExternRef || Chance(3))
        {
            _code.Op(Opcode.SelectTyped);
            _code.Bytes([1, (byte)type]);
        }
        else
        {
            _code.Op(Opcode.Select);
        }
    }

    private void Tee(WasmType type, int depth)
    {
        Value(type, depth);
        _code.Op(Opcode.LocalTee, SettableLocal(type));
    }

    private int SettableLocal(WasmType type)
    {
        var locals = LocalsOf(type, settable: true);
        return locals.Count > 0 ? Pick(locals) : NewLocal(type);
    }

    private List<int> LocalsOf(WasmType type, bool settable) =>
    [
        .. (_window ?? Enumerable.Range(0, Math.Min(_locals.Count, 40)))
            .Where(index => _locals[index] == type && !(settable && _reserved.Contains(index)) && !_scratch.ContainsValue(index)),
    ];

    private List<int> GlobalsOf(WasmType type, bool mutable) =>
    [
        .. Enumerable.Range(1, _shape.Globals.Count - 1)
            .Where(index => _shape.Globals[index].Type == type && (!mutable || _shape.Globals[index].IsMutable)),
    ];

    private int NewLocal(WasmType type)
    {
        _locals.Add(type);
        _window?.Add(_locals.Count - 1);
        return _locals.Count - 1;
    }

    // A local for the next few instructions. Nothing else reads it: it may hold a NaN as arithmetic made it.
    private int Scratch(WasmType type)
    {
        if (!_scratch.TryGetValue(type, out var local))
        {
            local = _locals.Count;
            _locals.Add(type);
            _reserved.Add(local);
            _scratch.Add(type, local);
        }

        return local;
    }

    private WasmType AnyType() => ModuleGenerator.AnyType(_random, _options);

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private TItem Pick<TItem>(IReadOnlyList<TItem> items) => items[_random.Next(items.Count)];

    private static bool IsTrappingConversion(Opcode opcode) =>
        opcode is >= Opcode.I32TruncF32S and <= Opcode.I32TruncF64U or >= Opcode.I64TruncF32S and <= Opcode.I64TruncF64U;

    private static IEnumerable<(Opcode Opcode, WasmType Operand, int Count, WasmType Result)> FindOperators()
    {
        for (var code = 0; code < 256; code++)
        {
            var signature = InstructionSignatures.OneByte[code];
            if (signature.OperandCount != 0)
            {
                yield return ((Opcode)code, signature.Operand, signature.OperandCount, signature.Result);
            }
        }

        for (var opcode = Opcode.I32TruncSatF32S; opcode <= Opcode.I64TruncSatF64U; opcode++)
        {
            var signature = InstructionSignatures.SaturatingOf(opcode);
            yield return (opcode, signature.Operand, signature.OperandCount, signature.Result);
        }
    }

    /// <summary>A label that code can branch to.</summary>
    /// <param name="Types">What a branch takes along.</param>
    /// <param name="Counter">The local that counts the rounds of a loop; -1 for blocks.</param>
    private sealed record Label(WasmType[] Types, int Counter);
}

/// <summary>What a function is made of.</summary>
internal enum FunctionKind
{
    Ordinary,
    Long,
    Interpreter,
}
