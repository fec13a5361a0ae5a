using System.Reflection.Metadata;

namespace Larder.Wasm.Compilation;

// Rotations. The JIT compiler of .NET 10 takes it that rotating by a constant sets the processor's zero flag as shifting
// does, which it does not: of `rotated == 0` it makes a rotation and a jump on a flag that something else has set. So nothing
// may compare a value that the JIT compiler can see to be a rotation. An integer that may be one is not settled (its operand is
// Raw) as long as it only goes from instruction to instruction; before it is compared, stored to a variable, handed over or
// returned, a zero that the JIT compiler cannot know is added bit by bit, and that instruction sets the flags.
// Two shifts that are joined become a rotation too, x << 5 | x >> 27, and the JIT compiler finds shifts behind variables, in
// multiplications and in what it inlines; what is certainly none is a constant, or comes from memory or a comparison.
internal sealed partial class FunctionCompiler
{
    // Whether the result of an instruction may be a rotation of one of the operands that lie on the stack.
    private bool MayRotate(SimpleInstruction simple)
    {
        if (simple.Result is not (WasmType.I32 or WasmType.I64) || simple.BranchIfTrue is not null)
        {
            return false;
        }

        if (simple.Combination == Combination.Rotation)
        {
            return true;
        }

        var top = _operands[^1];
        if (simple.Operands == 1)
        {
            return top.Raw && simple.Combination == Combination.Other;
        }

        var below = _operands[^2];
        return top.Raw || below.Raw || (simple.Combination == Combination.Join && top.MaybeShift && below.MaybeShift);
    }

    // Whether an instruction takes integers that have to be settled first: it neither passes them on nor combines them.
    private static bool ComparesIntegers(SimpleInstruction simple) =>
        simple.BranchIfTrue is not null || simple.Combination == Combination.None;

    private void WriteFlagsAnew(WasmType type)
    {
        LoadState(InstanceLayout.Zero, type == WasmType.I32 ? ILOpCode.Ldind_i4 : ILOpCode.Ldind_i8);
        _il.Op(ILOpCode.Or);
    }
}
