using System.Buffers;
using Larder.Wasm.Decoding;
using Larder.Wasm.Modules;

namespace Larder.Indexer.Guests;

/// <summary>
/// Writes a valid module anew with another memory: its limits, the global that says where its heap begins, and a memory of
/// its own in place of an imported one. Everything else stays as it is, byte for byte.
/// </summary>
internal sealed class ModuleRewriter
{
    private const int HeaderBytes = 8;
    private const byte CustomSection = 0;
    private const byte ImportSection = 2;
    private const byte MemorySection = 5;
    private const byte GlobalSection = 6;

    private readonly WasmModule _module;
    private readonly MemoryPlan _plan;
    private readonly ArrayBufferWriter<byte> _output = new();
    private bool _hasMemory;

    private ModuleRewriter(WasmModule module, MemoryPlan plan)
    {
        _module = module;
        _plan = plan;
    }

    /// <summary>The module as the plan wants it; the same bytes when it is so already.</summary>
    public static ReadOnlyMemory<byte> Rewrite(ReadOnlyMemory<byte> bytes, WasmModule module, MemoryPlan plan)
    {
        var declared = module.Memories[0].Limits;
        return declared == new Limits(plan.InitialPages, plan.MaximumPages) && plan.HeapBase is null && module.ImportedMemoryCount == 0
            ? bytes
            : new ModuleRewriter(module, plan).Rewrite(bytes.Span);
    }

    private ReadOnlyMemory<byte> Rewrite(ReadOnlySpan<byte> bytes)
    {
        _output.Write(bytes[..HeaderBytes]);
        var reader = new ByteReader(bytes[HeaderBytes..], HeaderBytes);
        while (!reader.AtEnd)
        {
            var id = reader.ReadByte();
            var length = reader.ReadU32();
            var offset = reader.Offset;
            var content = reader.ReadBytes(length);
            if (id is not CustomSection && id is > MemorySection or 12)
            {
                // Whatever follows the place of memories; they may not be there yet.
                WriteMemory();
            }

            switch (id)
            {
                case ImportSection:
                    WriteSection(id, Imports(content));
                    break;
                case MemorySection:
                    WriteMemory();
                    break;
                case GlobalSection when _plan.HeapBase is { } moved:
                    WriteSection(id, Globals(content, offset, moved.Global, moved.Value));
                    break;
                default:
                    WriteSection(id, content);
                    break;
            }
        }

        WriteMemory();
        return _output.WrittenMemory;
    }

    private void WriteMemory()
    {
        if (!_hasMemory)
        {
            _hasMemory = true;
            var content = new ArrayBufferWriter<byte>();
            content.Write<byte>([1, 1]);
            WriteU32(content, _plan.InitialPages);
            WriteU32(content, _plan.MaximumPages);
            WriteSection(MemorySection, content.WrittenSpan);
        }
    }

    // Functions are all that is imported beside the memory.
    private static ReadOnlySpan<byte> Imports(ReadOnlySpan<byte> content)
    {
        var reader = new ByteReader(content);
        var kept = new ArrayBufferWriter<byte>();
        var count = 0U;
        for (var left = reader.ReadU32(); left > 0; left--)
        {
            var start = reader.Position;
            reader.ReadBytes(reader.ReadU32());
            reader.ReadBytes(reader.ReadU32());
            if (reader.ReadByte() == (byte)ExternKind.Function)
            {
                reader.ReadU32();
                kept.Write(content[start..reader.Position]);
                count++;
                continue;
            }

            var hasMaximum = (reader.ReadU32() & 1) != 0;
            reader.ReadU32();
            _ = hasMaximum ? reader.ReadU32() : 0;
        }

        var output = new ArrayBufferWriter<byte>();
        WriteU32(output, count);
        output.Write(kept.WrittenSpan);
        return output.WrittenSpan;
    }

    private ReadOnlySpan<byte> Globals(ReadOnlySpan<byte> content, long offset, int global, uint value)
    {
        var initial = _module.DefinedGlobals[global - _module.ImportedGlobalCount].Initial;
        var start = (int)(initial.Offset - offset);
        var output = new ArrayBufferWriter<byte>();
        output.Write(content[..start]);
        output.Write<byte>([(byte)Opcode.I32Const]);
        WriteS32(output, (int)value);
        output.Write<byte>([(byte)Opcode.End]);
        output.Write(content[(start + initial.Code.Length)..]);
        return output.WrittenSpan;
    }

    private void WriteSection(byte id, ReadOnlySpan<byte> content)
    {
        _output.Write<byte>([id]);
        WriteU32(_output, (uint)content.Length);
        _output.Write(content);
    }

    private static void WriteU32(ArrayBufferWriter<byte> output, uint value)
    {
        while (value > 0x7F)
        {
            output.Write<byte>([(byte)(value | 0x80)]);
            value >>= 7;
        }

        output.Write<byte>([(byte)value]);
    }

    private static void WriteS32(ArrayBufferWriter<byte> output, int value)
    {
        while (value is < -64 or > 63)
        {
            output.Write<byte>([(byte)(value | 0x80)]);
            value >>= 7;
        }

        output.Write<byte>([(byte)(value & 0x7F)]);
    }
}
