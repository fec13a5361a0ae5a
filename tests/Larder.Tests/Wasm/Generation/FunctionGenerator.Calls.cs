namespace Larder.Tests.Wasm.Generation;

// Calls, and the functions that are too long for the JIT compiler.
internal sealed partial class FunctionGenerator
{
    private const int WindowLocals = 12;

    private void CallAny(int depth)
    {
        var function = _random.Next(_shape.Functions.Count);
        var type = _shape.TypeOf(function);
        if (Chance(_window is null ? 4 : 40))
        {
            TailCallSometimes(depth);
        }

        Call(function, type, depth);
        Drop(type.Results.AsSpan());
    }

    // A call whose first result is of the type.
    private void CallFor(WasmType type, int depth)
    {
        List<int> functions =
            [.. Enumerable.Range(0, _shape.Functions.Count).Where(index => _shape.TypeOf(index).Results is [var first, ..] && first == type)];
        if (functions.Count == 0)
        {
            Computed(type, depth);
            return;
        }

        var function = Pick(functions);
        Call(function, _shape.TypeOf(function), depth);
        Drop(_shape.TypeOf(function).Results.AsSpan()[1..]);
    }

    private void Call(int function, FunctionType type, int depth)
    {
        Arguments(type, isHost: function < ModuleShape.Host.Count, depth);
        if (!_shape.Elements.Contains(function) || Chance(2))
        {
            _code.Op(Opcode.Call, function);
            return;
        }

        TableIndex(function, depth);
        _code.Op(Opcode.CallIndirect, _shape.TypeIndex(type), 0);
    }

    private void TailCallSometimes(int depth)
    {
        List<int> functions =
            [.. Enumerable.Range(0, _shape.Functions.Count).Where(index => _shape.TypeOf(index).Results.AsSpan().SequenceEqual(_type.Results.AsSpan()))];
        if (functions.Count == 0)
        {
            return;
        }

        var function = Pick(functions);
        var type = _shape.TypeOf(function);
        Value(WasmType.I32, depth);
        _code.I32(1);
        _code.Op(Opcode.I32And);
        Enter(Opcode.If, [], [], new Label([], -1));
        Arguments(type, isHost: function < ModuleShape.Host.Count, depth);
        if (Chance(2))
        {
            _code.Op(Opcode.ReturnCall, function);
        }
        else
        {
            TableIndex(function, depth);
            _code.Op(Opcode.ReturnCallIndirect, _shape.TypeIndex(type), 0);
        }

        DeadCode(depth);
        Leave();
    }

    private void Arguments(FunctionType type, bool isHost, int depth)
    {
        for (var index = 0; index < type.Parameters.Length; index++)
        {
            if (index == 0 && !isHost)
            {
                _code.Op(Opcode.LocalGet, DepthLocal);
                _code.I32(1);
                _code.Op(Opcode.I32Sub);
            }
            else
            {
                Value(type.Parameters[index], Math.Min(depth, 2));
            }
        }
    }

    // Mostly where the function was at first; now and then somewhere else, where the type may be wrong.
    private void TableIndex(int function, int depth)
    {
        var at = _shape.Elements.IndexOf(function);
        if (at < 0 || Chance(60))
        {
            Small(31, depth);
        }
        else
        {
            _code.I32(at + 2);
        }
    }

    // A loop around a large br_table, as compilers make it of an interpreter.
    private void Interpreter()
    {
        var cases = _random.Next(8, 48);
        var selector = NewCounter();
        var counter = Counter();
        var perCase = Math.Max(_nodes / cases, 8);
        _code.I32(_random.Next(8, 60));
        _code.Op(Opcode.LocalSet, counter);
        Enter(Opcode.Block, [], [], new Label([], -1));
        Enter(Opcode.Loop, [], [], new Label([], counter));
        LoopHead(counter);
        for (var index = 0; index < cases; index++)
        {
            Enter(Opcode.Block, [], [], new Label([], -1));
        }

        _code.Op(Opcode.LocalGet, selector);
        _code.I32(cases + 1);
        _code.Op(Opcode.I32RemU);
        _code.Op(Opcode.BrTable, cases);
        for (var index = 0; index < cases; index++)
        {
            _code.U32((uint)(Chance(6) ? _random.Next(cases) : index));
        }

        _code.U32((uint)_random.Next(cases));
        for (var index = 0; index < cases; index++)
        {
            Leave();
            Case(perCase, selector, counter);
        }

        LoopCondition(counter);
        _code.Op(Opcode.BrIf, 0);
        Leave();
        Leave();
        _window = null;
        _nodes = 40;
    }

    private void Case(int nodes, int selector, int counter)
    {
        _window = WindowOfLocals();
        _nodes = _random.Next(nodes / 2, nodes * 2);
        while (_nodes > 0)
        {
            Statement(5);
        }

        _nodes = 10;
        Value(WasmType.I32, 2);
        _code.I32(_random.Next(1, 1000));
        _code.Op(Opcode.I32Add);
        _code.Op(Opcode.LocalSet, selector);
        var loop = _labels.FindIndex(label => label.Counter == counter);
        if (!Chance(4))
        {
            LoopCondition(counter);
            _code.Op(Opcode.BrIf, _labels.Count - 1 - loop);
            if (Chance(3))
            {
                _code.Op(Opcode.Br, _labels.Count - loop);
            }
        }
    }

    // Some of the locals, so that the code that uses them can be handed these few.
    private List<int> WindowOfLocals()
    {
        while (_locals.Count < 30)
        {
            _locals.Add(AnyType());
        }

        var all = Enumerable.Range(0, Math.Min(_locals.Count, 60)).Where(index => !_reserved.Contains(index)).ToArray();
        _random.Shuffle(all);
        return [.. all.Take(WindowLocals)];
    }
}
