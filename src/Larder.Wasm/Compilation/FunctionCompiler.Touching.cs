using System.Reflection.Metadata;
using Larder.Wasm.Decoding;

namespace Larder.Wasm.Compilation;

// Loads of which only a part is used. The JIT compiler reads no more than that part, so with guard pages an access that
// straddles the end of the memory would not trap; the last byte is touched first. The instruction behind the load decides:
// the JIT compiler also looks through locals, sums and inlined calls, which are not followed here, and where it does, such
// an access gives the bytes that are inside.
internal sealed partial class FunctionCompiler
{
    // The address of a load of that many bytes is at the top of the runtime's stack and stays there.
    private void TouchLast(ByteReader next, int memory, int bytes)
    {
        if (options.Guard && bytes > 1 && !module.Memories[memory].Is64 && UsesPart(next))
        {
            _il.Op(ILOpCode.Dup);
            _il.LoadInt32(bytes - 1);
            _il.Op(ILOpCode.Add);
            _il.Op(ILOpCode.Ldind_u1);
            _il.Op(ILOpCode.Pop);
        }
    }

    // Whether an instruction uses only the lower bytes of its operand, or none.
    private static bool UsesPart(ByteReader next)
    {
        var opcode = InstructionReading.ReadOpcode(ref next);
        switch (opcode)
        {
            case Opcode.Drop or Opcode.I32WrapI64:
            case Opcode.I32Extend8S or Opcode.I32Extend16S:
            case Opcode.I64Extend8S or Opcode.I64Extend16S or Opcode.I64Extend32S:
            case Opcode.I32Store8 or Opcode.I32Store16:
            case Opcode.I64Store8 or Opcode.I64Store16 or Opcode.I64Store32:
                return true;
            case Opcode.I32Const:
                next.ReadS32();
                return InstructionReading.ReadOpcode(ref next) == Opcode.I32And;
            case Opcode.I64Const:
                next.ReadS64();
                return InstructionReading.ReadOpcode(ref next) == Opcode.I64And;
            case >= Opcode.SimdBase:
                return UsesPartOfVector(opcode - Opcode.SimdBase);
            default:
                return false;
        }
    }

    // Lanes that are extracted or stored, and conversions of the lower half. Source: WebAssembly 2.0, section 5.4.8.
    private static bool UsesPartOfVector(int code) =>
        code is (>= 21 and <= 33) or (>= 88 and <= 91) or 0x5F or 0x87 or 0x89 or 0xA7 or 0xA9 or 0xC7 or 0xC9 or 0xFE or 0xFF;
}
