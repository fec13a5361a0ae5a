using System.Reflection.Metadata;

namespace Larder.Wasm.Compilation;

// Counted depth of calls. A function takes its units where it is entered and gives them back at every return and before
// every call that takes its place; after a trap the store gives back what was taken. How many they are is known from the
// function alone, never from the code that is made of it, so the same call traps on every machine.
internal sealed partial class FunctionCompiler
{
    /// <summary>What a call from within a host function takes beside: for the frames of the engine and the host.</summary>
    internal const int UnitsOfNestedCall = 1024;

    // A function that calls nothing and takes no more is not counted: nothing gets deeper by it, and its frame fits into
    // what the store leaves below the guest's share of the stack.
    private const int MostUncountedUnits = 4096;

    private const int UnitsOfFrame = 16;
    private const int UnitsOfVector = 4;
    private const int UnitsOfOperand = 2;
    private const int UnitsOfInstruction = 1;

    // Most operands at once.
    private int _highest;
    private bool _countsDepth;

    // Known when the whole function is read.
    private int _units;

    // What the highest operands do not decide.
    private long _unitsBesideOperands;

    private void ResetDepth(FunctionBody body)
    {
        _highest = 0;
        _unitsBesideOperands = UnitsOfFrame + ((long)UnitsOfInstruction * _scan.Instructions);
        foreach (var type in _type.Parameters)
        {
            _unitsBesideOperands += UnitsOf(type);
        }

        foreach (var run in body.Locals)
        {
            _unitsBesideOperands += (long)run.Count * UnitsOf(run.Type);
        }

        _countsDepth = options.CallDepth && (_scan.HasCalls || _unitsBesideOperands > MostUncountedUnits);
    }

    // Once the whole function is read.
    private void SetUnits()
    {
        _units = (int)Math.Min(_unitsBesideOperands + ((long)UnitsOfOperand * _highest), int.MaxValue);
        _il.SetLater(_units);
    }

    private static int UnitsOf(WasmType type) => type == WasmType.V128 ? UnitsOfVector : 1;

    private void TakeUnits()
    {
        if (!_countsDepth)
        {
            return;
        }

        var left = Slot(-1, WasmType.I64);
        LoadState(InstanceLayout.DepthLeft, ILOpCode.Ldind_i8);
        _il.LoadInt32Later();
        _il.Op(ILOpCode.Conv_i8);
        _il.Op(ILOpCode.Sub);
        _il.StoreLocal(left);
        StateAddress(InstanceLayout.DepthLeft);
        _il.LoadLocal(left);
        _il.Op(ILOpCode.Stind_i8);
        _il.LoadLocal(left);
        _il.LoadInt64(0);
        _il.Branch(ILOpCode.Blt, TrapLabel(TrapKind.StackOverflow));
    }

    // What is resident stays where it is.
    private void GiveUnitsBack()
    {
        if (!_countsDepth)
        {
            return;
        }

        StateAddress(InstanceLayout.DepthLeft);
        LoadState(InstanceLayout.DepthLeft, ILOpCode.Ldind_i8);
        _il.LoadInt32Later();
        _il.Op(ILOpCode.Conv_i8);
        _il.Op(ILOpCode.Add);
        _il.Op(ILOpCode.Stind_i8);
    }

    // In a method that stands before the function: the guest's trap comes before the look at the real stack.
    private void RequireUnits()
    {
        if (!_countsDepth)
        {
            return;
        }

        var enough = _il.NewLabel();
        LoadState(InstanceLayout.DepthLeft, ILOpCode.Ldind_i8);
        _il.LoadInt64(_units);
        _il.Branch(ILOpCode.Bge, enough);
        _il.LoadInt32((int)TrapKind.StackOverflow);
        _il.Call(RuntimeMethods.Trap);
        _il.Op(ILOpCode.Throw);
        _il.Mark(enough);
    }
}
