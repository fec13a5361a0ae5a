using System.Numerics;
using Larder.Wasm.Decoding;

namespace Larder.Wasm.Validation;

/// <summary>Instructions on memories and vectors.</summary>
internal sealed partial class FunctionValidator
{
    private void LoadOrStore(ref ByteReader reader, Opcode opcode)
    {
        var access = InstructionSignatures.AccessOf(opcode);
        var address = ReadAccess(ref reader, access.NaturalAlignment);
        if (opcode >= Opcode.I32Store)
        {
            Pop(access.Type);
            Pop(address);
        }
        else
        {
            Pop(address);
            Push(access.Type);
        }
    }

    /// <summary>Reads and checks a memory argument; returned is the type of addresses.</summary>
    private WasmType ReadAccess(ref ByteReader reader, int naturalAlignment)
    {
        reader.ReadMemoryArgument(out var align, out var index, out var offset, Has(WasmFeatures.MultiMemory));
        var is64 = MemoryAt(index).Is64;
        if (align > naturalAlignment)
        {
            throw Invalid(
                $"alignment must not be larger than natural: 2^{align} for {_opcode.ToText()} of 2^{naturalAlignment} bytes");
        }

        if (offset > uint.MaxValue && !is64)
        {
            throw Invalid($"offset out of range: {offset} in a memory of 32-bit addresses");
        }

        return AddressType(is64);
    }

    private void Memory(ref ByteReader reader, Opcode opcode)
    {
        if (opcode is >= Opcode.MemoryInit and <= Opcode.MemoryFill)
        {
            Require(WasmFeatures.BulkMemory, "bulk memory");
        }

        switch (opcode)
        {
            case Opcode.MemorySize:
                Push(ReadMemory(ref reader));
                break;
            case Opcode.MemoryGrow:
                var address = ReadMemory(ref reader);
                Pop(address);
                Push(address);
                break;
            case Opcode.MemoryInit:
                var segment = reader.ReadIndex();
                address = ReadMemory(ref reader);
                CheckDataSegment(segment);
                Pop(WasmType.I32);
                Pop(WasmType.I32);
                Pop(address);
                break;
            case Opcode.DataDrop:
                CheckDataSegment(reader.ReadIndex());
                break;
            case Opcode.MemoryCopy:
                var target = ReadMemory(ref reader);
                var source = ReadMemory(ref reader);
                Pop(target == WasmType.I64 ? source : target);
                Pop(source);
                Pop(target);
                break;
            default:
                address = ReadMemory(ref reader);
                Pop(address);
                Pop(WasmType.I32);
                Pop(address);
                break;
        }
    }

    /// <summary>Reads the index of a memory; returned is the type of its addresses.</summary>
    private WasmType ReadMemory(ref ByteReader reader)
    {
        var position = reader.Position;
        if (Has(WasmFeatures.MultiMemory))
        {
            return AddressType(MemoryAt(reader.ReadIndex()).Is64);
        }

        return reader.ReadByte() == 0
            ? AddressType(MemoryAt(0).Is64)
            : throw reader.MalformedAt(position, "zero byte expected");
    }

    private void CheckDataSegment(int index)
    {
        // Without any segment the index is wrong in any case, and that says more than the missing section.
        if (_module.DataCount is null && !_module.Data.IsEmpty)
        {
            throw Error(WasmErrorKind.Malformed, $"data count section required by {_opcode.ToText()}");
        }

        if (index >= _module.Data.Length)
        {
            throw Invalid($"unknown data segment {index}: the module has {_module.Data.Length}");
        }
    }

    private MemoryType MemoryAt(int index) => index < _module.Memories.Length
        ? _module.Memories[index]
        : throw Invalid($"unknown memory {index}: the module has {_module.Memories.Length}");

    private static WasmType AddressType(bool is64) => is64 ? WasmType.I64 : WasmType.I32;

    private void Vector(ref ByteReader reader, Opcode opcode)
    {
        Require(WasmFeatures.Simd, "SIMD");
        var instruction = SimdInstructions.Find(opcode - Opcode.SimdBase) ?? throw IllegalOpcode(opcode);
        var address = WasmType.None;
        switch (instruction.Immediate)
        {
            case SimdImmediate.Memory:
                address = ReadAccess(ref reader, BitOperations.Log2((uint)instruction.AccessBytes));
                break;
            case SimdImmediate.MemoryLane:
                address = ReadAccess(ref reader, BitOperations.Log2((uint)instruction.AccessBytes));
                CheckLane(reader.ReadByte(), instruction.Lanes);
                break;
            case SimdImmediate.Lane:
                CheckLane(reader.ReadByte(), instruction.Lanes);
                break;
            case SimdImmediate.Constant:
                reader.ReadBytes(16);
                break;
            case SimdImmediate.Shuffle:
                foreach (var lane in reader.ReadBytes(16))
                {
                    CheckLane(lane, 32);
                }

                break;
            default:
                break;
        }

        var parameters = instruction.Parameters.AsSpan();
        for (var index = parameters.Length - 1; index >= 0; index--)
        {
            Pop(index == 0 && address != WasmType.None ? address : parameters[index]);
        }

        if (instruction.Result != WasmType.None)
        {
            Push(instruction.Result);
        }
    }

    private void CheckLane(byte lane, int lanes)
    {
        if (lane >= lanes)
        {
            throw Invalid($"invalid lane index {lane}: {_opcode.ToText()} has {lanes} lanes");
        }
    }
}
