using Larder.Wasm.Validation;

namespace Larder.Tests.Wasm.Generation;

// Vector instructions.
internal sealed partial class FunctionGenerator
{
    private const int NotEqual32 = 0x42;
    private const int NotEqual64 = 0x48;
    private const int BitSelect = 0x52;

    private static readonly ILookup<WasmType, SimdInstruction> Vectors = Enumerable.Range(0, 256)
        .Select(SimdInstructions.Find)
        .OfType<SimdInstruction>()
        .Where(static one => one.Immediate != SimdImmediate.Constant)
        .ToLookup(static one => one.Result);

    private void VectorResult(WasmType type, int depth)
    {
        if (_options.Vectors)
        {
            Vector(Pick([.. Vectors[type]]), depth);
        }
        else
        {
            Leaf(type);
        }
    }

    private void Vector(SimdInstruction instruction, int depth)
    {
        uint offset = 0;
        for (var index = 0; index < instruction.Parameters.Length; index++)
        {
            if (index == 0 && instruction.AccessBytes != 0)
            {
                offset = Address(depth, mayStraddle: instruction.AccessBytes <= 4 || instruction.Result == WasmType.None);
            }
            else
            {
                ValueToBeSeen(instruction.Parameters[index], depth);
            }
        }

        _code.Vector(instruction.Code);
        if (instruction.AccessBytes != 0)
        {
            MemoryArgument(int.Log2(instruction.AccessBytes), offset);
        }

        if (instruction.Immediate is SimdImmediate.Lane or SimdImmediate.MemoryLane)
        {
            _code.Byte((byte)_random.Next(instruction.Lanes));
        }
        else if (instruction.Immediate == SimdImmediate.Shuffle)
        {
            for (var lane = 0; lane < 16; lane++)
            {
                _code.Byte((byte)_random.Next(32));
            }
        }

        if (instruction.Result == WasmType.V128 && !_options.KeepNaNs)
        {
            if (instruction.Name.StartsWith("f32x4.", StringComparison.Ordinal))
            {
                CanonicalLanes(0x7FC0_0000_7FC0_0000, NotEqual32);
            }
            else if (instruction.Name.StartsWith("f64x2.", StringComparison.Ordinal))
            {
                CanonicalLanes(0x7FF8_0000_0000_0000, NotEqual64);
            }
        }
    }

    private void CanonicalLanes(ulong nan, int notEqual)
    {
        var local = Scratch(WasmType.V128);
        _code.Op(Opcode.LocalSet, local);
        _code.V128(nan, nan);
        _code.Op(Opcode.LocalGet, local);
        _code.Op(Opcode.LocalGet, local);
        _code.Op(Opcode.LocalGet, local);
        _code.Vector(notEqual);
        _code.Vector(BitSelect);
    }
}
