namespace Larder.Tests.Wasm.Generation;

// Statements, blocks and branches.
internal sealed partial class FunctionGenerator
{
    private const int MostRounds = 4;

    private void Statements(int most, int depth)
    {
        for (var count = _random.Next(1, most + 1); count > 0; count--)
        {
            Statement(depth);
        }
    }

    /// <summary>Writes code that leaves the operands as they are.</summary>
    private void Statement(int depth)
    {
        if (--_nodes < 0)
        {
            return;
        }

        depth = Math.Max(depth, 1);
        switch (_random.Next(24))
        {
            case 0 or 1 or 2 or 3 or 4 or 5:
                var type = AnyType();
                Value(type, depth);
                _code.Op(Opcode.LocalSet, SettableLocal(type));
                break;
            case 6 or 7:
                SetGlobal(depth);
                break;
            case 8 or 9 or 10 or 11:
                if (_options.Vectors && Chance(3))
                {
                    Vector(Pick([.. Vectors[WasmType.None]]), depth);
                }
                else
                {
                    Store(depth);
                }

                break;
            case 12:
                Value(AnyType(), depth);
                _code.Op(Opcode.Drop);
                break;
            case 13:
                Block([], [], depth - 1);
                break;
            case 14:
                Block(AnyTypes(3), AnyTypes(3), depth - 1);
                break;
            case 15:
                If(AnyTypes(2), AnyTypes(2), depth - 1);
                break;
            case 16:
                If([], [], depth - 1);
                break;
            case 17:
                Loop(Chance(2) ? [] : AnyTypes(2), Chance(2) ? [] : AnyTypes(2), depth - 1);
                break;
            case 18:
                CallAny(depth - 1);
                break;
            case 19 or 20:
                BranchIf(depth - 1);
                break;
            case 21:
                LeaveSometimes(depth - 1);
                break;
            default:
                Bulk(depth - 1);
                break;
        }
    }

    private void SetGlobal(int depth)
    {
        var type = AnyType();
        Value(type, depth);
        var globals = GlobalsOf(type, mutable: true);
        if (globals.Count > 0)
        {
            _code.Op(Opcode.GlobalSet, Pick(globals));
        }
        else
        {
            _code.Op(Opcode.Drop);
        }
    }

    private void Block(WasmType[] parameters, WasmType[] results, int depth)
    {
        Values(parameters, depth);
        Enter(Opcode.Block, parameters, results, new Label(results, -1));
        Inside(parameters, results, depth);
        Leave();
        Drop(results);
    }

    private void If(WasmType[] parameters, WasmType[] results, int depth)
    {
        var hasElse = Chance(2) || !parameters.SequenceEqual(results);
        Values(parameters, depth);
        Value(WasmType.I32, depth);
        Enter(Opcode.If, parameters, results, new Label(results, -1));
        Inside(parameters, results, depth);
        if (hasElse)
        {
            _code.Op(Opcode.Else);
            Inside(parameters, results, depth);
        }

        Leave();
        Drop(results);
    }

    private void Loop(WasmType[] parameters, WasmType[] results, int depth)
    {
        var counter = Counter();
        Values(parameters, depth);
        _code.I32(_random.Next(1, MostRounds + 1));
        _code.Op(Opcode.LocalSet, counter);
        Enter(Opcode.Loop, parameters, results, new Label(parameters, counter));
        LoopHead(counter);
        Consume(parameters, depth);
        Statements(3, depth);
        Values(parameters, depth);
        LoopCondition(counter);
        _code.Op(Opcode.BrIf, 0);
        Drop(parameters);
        Values(results, depth);
        Leave();
        Drop(results);
    }

    // Loops side by side share their counters, or else code that is split would have to hand over too many.
    private int Counter()
    {
        var depth = _labels.Count(static label => label.Counter >= 0);
        while (_counters.Count <= depth)
        {
            _counters.Add(NewCounter());
        }

        return _counters[depth];
    }

    private int NewCounter()
    {
        _locals.Add(WasmType.I32);
        _reserved.Add(_locals.Count - 1);
        return _locals.Count - 1;
    }

    private void LoopHead(int counter)
    {
        _code.Op(Opcode.LocalGet, counter);
        _code.I32(1);
        _code.Op(Opcode.I32Sub);
        _code.Op(Opcode.LocalSet, counter);
        if (_labels.Count(static label => label.Counter >= 0) > 1 || Chance(4))
        {
            UseBudget();
        }
    }

    private void LoopCondition(int counter)
    {
        _code.Op(Opcode.LocalGet, counter);
        _code.I32(0);
        _code.Op(Opcode.I32GtS);
    }

    private void TypedBlock(WasmType type, int depth)
    {
        WasmType[] parameters = AnyTypes(2);
        WasmType[] results = Chance(4) ? [type, AnyType()] : [type];
        Values(parameters, depth);
        Enter(Opcode.Block, parameters, results, new Label(results, -1));
        Inside(parameters, results, depth);
        Leave();
        Drop(results.AsSpan(1));
    }

    private void TypedIf(WasmType type, int depth)
    {
        WasmType[] parameters = Chance(3) ? [type] : AnyTypes(1);
        Values(parameters, depth);
        Value(WasmType.I32, depth);
        Enter(Opcode.If, parameters, [type], new Label([type], -1));
        Inside(parameters, [type], depth);
        if (parameters is not [var only] || only != type || Chance(2))
        {
            _code.Op(Opcode.Else);
            Inside(parameters, [type], depth);
        }

        Leave();
    }

    private void TypedLoop(WasmType type, int depth)
    {
        var counter = Counter();
        Value(type, depth);
        _code.I32(_random.Next(1, MostRounds + 1));
        _code.Op(Opcode.LocalSet, counter);
        Enter(Opcode.Loop, [type], [type], new Label([type], counter));
        LoopHead(counter);
        _code.Op(Opcode.LocalSet, SettableLocal(type));
        Statements(2, depth);
        Value(type, depth);
        LoopCondition(counter);
        _code.Op(Opcode.BrIf, 0);
        Leave();
    }

    private void Enter(Opcode opcode, WasmType[] parameters, WasmType[] results, Label label)
    {
        _code.Op(opcode);
        switch (parameters, results)
        {
            case ([], []):
                _code.Byte(ModuleBytes.Empty);
                break;
            case ([], [var type]) when !Chance(8):
                _code.Byte((byte)type);
                break;
            default:
                _code.S64(_shape.TypeIndex(new FunctionType([.. parameters], [.. results])));
                break;
        }

        _labels.Add(label);
    }

    private void Leave()
    {
        _code.Op(Opcode.End);
        _labels.RemoveAt(_labels.Count - 1);
    }

    // The contents of a block: takes its parameters and leaves its results.
    private void Inside(WasmType[] parameters, WasmType[] results, int depth)
    {
        var kept = 0;
        if (Chance(2) && results.AsSpan().StartsWith(parameters))
        {
            kept = parameters.Length;
        }
        else
        {
            Consume(parameters, depth);
        }

        Statements(3, depth);
        Values(results.AsSpan(kept), depth);
        if (Chance(8))
        {
            Leave(_labels.Count - 1, depth, isReady: true);
        }
    }

    private void Consume(ReadOnlySpan<WasmType> types, int depth)
    {
        for (var index = types.Length - 1; index >= 0; index--)
        {
            if (Chance(3))
            {
                _code.Op(Opcode.Drop);
                continue;
            }

            if (types[index] == WasmType.I32 && Chance(2))
            {
                Value(WasmType.I32, depth);
                _code.Op(Pick([Opcode.I32Add, Opcode.I32Xor, Opcode.I32LtS, Opcode.I32Shl]));
            }

            _code.Op(Opcode.LocalSet, SettableLocal(types[index]));
        }
    }

    private void Values(ReadOnlySpan<WasmType> types, int depth)
    {
        foreach (var type in types)
        {
            Value(type, depth - types.Length + 1);
        }
    }

    private void Drop(ReadOnlySpan<WasmType> types) => Consume(types, 0);

    // A conditional branch whose values stay behind when it is not taken.
    private void BranchIf(int depth)
    {
        var target = _random.Next(_labels.Count);
        var label = _labels[target];
        Values(label.Types, depth);
        Condition(label, depth);
        _code.Op(Opcode.BrIf, _labels.Count - 1 - target);
        Drop(label.Types);
    }

    private void BranchWithValue(WasmType type, int depth)
    {
        var targets = Enumerable.Range(0, _labels.Count).Where(index => _labels[index].Types is [var one] && one == type).ToList();
        if (targets.Count == 0)
        {
            Computed(type, depth);
            return;
        }

        var target = Pick(targets);
        Value(type, depth);
        Condition(_labels[target], depth);
        _code.Op(Opcode.BrIf, _labels.Count - 1 - target);
    }

    private void Condition(Label label, int depth)
    {
        Value(WasmType.I32, depth);
        if (Chance(2))
        {
            // Taken less often.
            _code.I32(_random.Next(64));
            _code.Op(Pick([Opcode.I32Eq, Opcode.I32LtU, Opcode.I32GtS]));
        }

        if (label.Counter >= 0)
        {
            LoopCondition(label.Counter);
            _code.Op(Opcode.I32And);
        }
    }

    // Leaves for somewhere outside, under a condition; behind it is code that cannot be reached.
    private void LeaveSometimes(int depth)
    {
        Value(WasmType.I32, depth);
        _code.I32(_random.Next(256));
        _code.Op(Pick([Opcode.I32Eq, Opcode.I32LtU, Opcode.I32GtU]));
        Enter(Opcode.If, [], [], new Label([], -1));
        Leave(_random.Next(_labels.Count), depth, isReady: false);
        Leave();
    }

    // An unconditional way out. When the values of the innermost label are ready, it takes these.
    private void Leave(int target, int depth, bool isReady)
    {
        var label = _labels[target];
        var isOwn = isReady && target == _labels.Count - 1;
        if (label.Counter >= 0)
        {
            // A loop goes on only while its counter lasts; here the block itself is left instead.
            if (isOwn)
            {
                return;
            }

            Values(label.Types, depth);
            LoopCondition(label.Counter);
            _code.Op(Opcode.BrIf, _labels.Count - 1 - target);
            Drop(label.Types);
            return;
        }

        if (!isOwn)
        {
            Values(label.Types, depth);
        }

        switch (_random.Next(4))
        {
            case 0 when target == 0:
                _code.Op(Opcode.Return);
                break;
            case 1 or 2:
                BranchTable(label, target, depth);
                break;
            case 3 when !isOwn && Chance(6):
                _code.Op(Opcode.Unreachable);
                break;
            default:
                _code.Op(Opcode.Br, _labels.Count - 1 - target);
                break;
        }

        DeadCode(depth);
        if (isOwn)
        {
            Values(label.Types, 0);
        }
    }

    private void BranchTable(Label label, int target, int depth)
    {
        List<int> targets =
        [
            .. Enumerable.Range(0, _labels.Count)
                .Where(index => _labels[index].Counter < 0 && _labels[index].Types.AsSpan().SequenceEqual(label.Types)),
        ];
        var count = _random.Next(0, 6);
        Small(7, depth);
        _code.Op(Opcode.BrTable, count);
        for (; count > 0; count--)
        {
            _code.U32((uint)(_labels.Count - 1 - Pick(targets)));
        }

        _code.U32((uint)(_labels.Count - 1 - target));
    }

    private void DeadCode(int depth)
    {
        switch (_random.Next(6))
        {
            case 0:
                _code.Op(Opcode.Drop);
                break;
            case 1:
                _code.Op(Opcode.I32Add);
                _code.Op(Opcode.Drop);
                break;
            case 2:
                Statement(Math.Min(depth, 2));
                break;
            case 3:
                _code.Op(Opcode.Select);
                _code.Op(Opcode.Drop);
                break;
            default:
                break;
        }
    }

    private WasmType[] AnyTypes(int most)
    {
        var types = new WasmType[_random.Next(most + 1)];
        for (var index = 0; index < types.Length; index++)
        {
            types[index] = AnyType();
        }

        return types;
    }
}
