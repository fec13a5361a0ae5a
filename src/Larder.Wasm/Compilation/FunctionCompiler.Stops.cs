using System.Reflection.Metadata;

namespace Larder.Wasm.Compilation;

// What stops a function: the end of its stack, an interruption, want of fuel, and the places that raise traps.
internal sealed partial class FunctionCompiler
{
    private void WriteStackCheck(int frameBytes = 0)
    {
        var marker = NewLocal(WasmType.I32);
        var enough = _il.NewLabel();
        _il.LoadLocalAddress(marker);
        _il.Op(ILOpCode.Conv_u);
        if (frameBytes > 0)
        {
            _il.LoadInt32(frameBytes);
            _il.Op(ILOpCode.Sub);
        }

        LoadVolatile(InstanceLayout.StackLimit, ILOpCode.Ldind_i);
        _il.Branch(ILOpCode.Bge_un, enough);
        _il.LoadArgument(_contextArgument);
        _il.Call(RuntimeMethods.StackExhausted);
        _il.Op(ILOpCode.Throw);
        _il.Mark(enough);
    }

    // One branch looks for both ends: an interrupted guest needs more fuel than there is to go on. A second one would be
    // a second entry in the processor's branch history, which costs interpreters more than the instructions do.
    private void EnterIteration(int cost)
    {
        if (options.Fuel && options.Interruptible)
        {
            TakeFuel(cost);
            LoadVolatile(InstanceLayout.Interrupt, ILOpCode.Ldind_i8);
            _stopLabel = _stopLabel < 0 ? _il.NewLabel() : _stopLabel;
            _il.Branch(ILOpCode.Blt, _stopLabel);
            return;
        }

        if (options.Interruptible)
        {
            LoadVolatile(InstanceLayout.Interrupt, ILOpCode.Ldind_i4);
            _il.Branch(ILOpCode.Brtrue, TrapLabel(TrapKind.Interrupted));
        }

        ChargeFuel(cost);
    }

    // Another thread sets it: without the prefix the JIT compiler may read it once, before a loop that stores nothing;
    // the loop may also be a function that calls itself at its end.
    private void LoadVolatile(int offset, ILOpCode load)
    {
        StateAddress(offset);
        _il.Op(ILOpCode.Volatile);
        _il.Op(load);
    }

    private void ChargeFuel(int cost)
    {
        if (options.Fuel && cost != 0)
        {
            TakeFuel(cost);
            _il.LoadInt64(0);
            _il.Branch(ILOpCode.Blt, TrapLabel(TrapKind.OutOfFuel));
        }
    }

    // Leaves what is left on the runtime's stack.
    private void TakeFuel(int cost)
    {
        var left = NewFuelLocal();
        LoadState(InstanceLayout.Fuel, ILOpCode.Ldind_i8);
        _il.LoadInt64(cost);
        _il.Op(ILOpCode.Sub);
        _il.StoreLocal(left);
        StateAddress(InstanceLayout.Fuel);
        _il.LoadLocal(left);
        _il.Op(ILOpCode.Stind_i8);
        _il.LoadLocal(left);
    }

    private int NewFuelLocal() => Slot(-1, WasmType.I64);

    // The place that raises a trap of this kind; nothing may be resident where it is branched to.
    private int TrapLabel(TrapKind kind)
    {
        if (!_trapLabels.TryGetValue(kind, out var label))
        {
            label = _il.NewLabel();
            _trapLabels.Add(kind, label);
        }

        return label;
    }

    private void WriteTraps()
    {
        if (_stopLabel >= 0)
        {
            var outOfFuel = TrapLabel(TrapKind.OutOfFuel);
            _il.Mark(_stopLabel);
            _il.LoadLocal(NewFuelLocal());
            _il.LoadInt64(0);
            _il.Branch(ILOpCode.Blt, outOfFuel);
            _il.Branch(ILOpCode.Br, TrapLabel(TrapKind.Interrupted));
        }

        foreach (var (kind, label) in _trapLabels)
        {
            _il.Mark(label);
            _il.LoadInt32((int)kind);
            _il.Call(RuntimeMethods.Trap);
            _il.Op(ILOpCode.Throw);
        }
    }
}
