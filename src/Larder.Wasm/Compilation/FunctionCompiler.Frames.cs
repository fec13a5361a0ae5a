using System.Reflection.Metadata;

namespace Larder.Wasm.Compilation;

// Functions whose frame may be larger than what lies between the guest's share of the stack and its end. Their own check
// would come too late: the frame exists, and its pages are touched, before the first instruction runs.
internal sealed partial class FunctionCompiler
{
    /// <summary>
    /// Bytes of a frame that need no check beforehand; less than <see cref="Store"/> leaves below the guest's share.
    /// </summary>
    private const int LargestOpenFrame = 48 * 1024;

    // What the JIT compiler makes up per instruction, from above: every variable has a place of its own in code that it
    // does not optimise, and few have one in code that it does.
    private const int BytesPerPlainInstruction = 8;
    private const int BytesPerOptimizedInstruction = 3;

    // An upper estimate; the JIT compiler does not tell.
    private int FrameBytes(MethodCode code)
    {
        var bytes = 0L;
        foreach (var type in code.Locals)
        {
            bytes += type == WasmType.V128 ? 16 : 8;
        }

        var instructions = _il.Instructions;
        foreach (var region in code.Regions)
        {
            bytes += 8L * region.Method.Locals.Length;
            instructions += region.Instructions;
        }

        bytes += (long)instructions * (IsTooLong ? BytesPerPlainInstruction : BytesPerOptimizedInstruction);
        return (int)Math.Min(bytes, int.MaxValue);
    }

    // A method that calls the function if its frame fits into the guest's share of the stack.
    private MethodCode CheckBefore(MethodCode body, int frameBytes)
    {
        _il.Reset();
        _locals.Clear();
        RequireUnits();
        WriteStackCheck(frameBytes);
        for (var index = 0; index <= _contextArgument; index++)
        {
            _il.LoadArgument(index);
        }

        _il.Token(ILOpCode.Call, TokenKind.Region, body.Regions.Length);
        _il.Op(ILOpCode.Ret);
        var (code, relocations) = _il.Finish();
        return new MethodCode(code, relocations, [.. _locals], _contextArgument + 8, body.Regions)
        {
            Body = body,
            CountsDepth = _countsDepth,
        };
    }
}
