using Larder.Wasm.Decoding;
using Larder.Wasm.Validation;

namespace Larder.Wasm.Compilation;

/// <summary>Passes over what follows an opcode.</summary>
internal static class Immediates
{
    /// <summary>Reads over the immediates of validated code; returns a bit for each memory that they name.</summary>
    public static ulong Skip(ref ByteReader reader, Opcode opcode)
    {
        switch (opcode)
        {
            case Opcode.Block or Opcode.Loop or Opcode.If:
                reader.ReadBlockType();
                return 0;
            case Opcode.Br or Opcode.BrIf or Opcode.Call or Opcode.ReturnCall or Opcode.LocalGet or Opcode.LocalSet
                or Opcode.LocalTee or Opcode.GlobalGet or Opcode.GlobalSet or Opcode.TableGet or Opcode.TableSet
                or Opcode.RefFunc or Opcode.DataDrop or Opcode.ElemDrop or Opcode.TableGrow or Opcode.TableSize
                or Opcode.TableFill:
                reader.ReadU32();
                return 0;
            case Opcode.RefNull:
                reader.ReadHeapType();
                return 0;
            case Opcode.BrTable:
                for (var count = reader.ReadU32() + 1UL; count > 0; count--)
                {
                    reader.ReadU32();
                }

                return 0;
            case Opcode.CallIndirect or Opcode.ReturnCallIndirect or Opcode.TableInit or Opcode.TableCopy:
                reader.ReadU32();
                reader.ReadU32();
                return 0;
            case Opcode.SelectTyped:
                for (var count = reader.ReadU32(); count > 0; count--)
                {
                    reader.ReadValueType();
                }

                return 0;
            case Opcode.I32Const:
                reader.ReadS32();
                return 0;
            case Opcode.I64Const:
                reader.ReadS64();
                return 0;
            case Opcode.F32Const:
                reader.ReadBytes(4);
                return 0;
            case Opcode.F64Const:
                reader.ReadBytes(8);
                return 0;
            case Opcode.MemorySize or Opcode.MemoryGrow or Opcode.MemoryFill:
                return Bit(reader.ReadU32());
            case Opcode.MemoryInit:
                reader.ReadU32();
                return Bit(reader.ReadU32());
            case Opcode.MemoryCopy:
                return Bit(reader.ReadU32()) | Bit(reader.ReadU32());
            case >= Opcode.I32Load and <= Opcode.I64Store32:
                reader.ReadMemoryArgument(out _, out var memory, out _);
                return Bit((uint)memory);
            case >= Opcode.SimdBase:
                return SkipSimd(ref reader, opcode);
            default:
                return 0;
        }
    }

    private static ulong SkipSimd(ref ByteReader reader, Opcode opcode)
    {
        var used = 0UL;
        switch (SimdInstructions.Find(opcode - Opcode.SimdBase)?.Immediate)
        {
            case SimdImmediate.Memory:
                reader.ReadMemoryArgument(out _, out var memory, out _);
                return Bit((uint)memory);
            case SimdImmediate.MemoryLane:
                reader.ReadMemoryArgument(out _, out memory, out _);
                used = Bit((uint)memory);
                reader.ReadByte();
                return used;
            case SimdImmediate.Lane:
                reader.ReadByte();
                return used;
            case SimdImmediate.Constant or SimdImmediate.Shuffle:
                reader.ReadBytes(16);
                return used;
            default:
                return used;
        }
    }

    private static ulong Bit(uint memory) => memory < 64 ? 1UL << (int)memory : 0;
}
