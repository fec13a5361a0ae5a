using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Larder.Wasm.Compilation;
using Larder.Wasm.Execution;
using Larder.Wasm.Runtime;

namespace Larder.Wasm.Artifacts;

/// <summary>
/// A snapshot as a file; docs/FORMATS.md has it byte by byte. References are kept as the numbers of what they refer to, and
/// pages that hold nothing but zeros are left out. The checksum finds damage, not forgery, but whatever is in such a file
/// can only change what the guest itself could change.
/// </summary>
internal static unsafe class SnapshotFormat
{
    private const int Version = 1;
    private const int DigestBytes = SHA256.HashSizeInBytes;
    private const int PageBytes = 4096;

    // Where loaded references are said to lie: addresses that no instance has, which are compared and never read.
    private const long Records = 1L << 48;
    private const long Base = 1L << 52;

    private static ReadOnlySpan<byte> Magic => "LWSI"u8;

    public static byte[] Write(InstanceSnapshot snapshot)
    {
        var layout = snapshot.Module.Layout;
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(SHA256.HashData(Encoding.UTF8.GetBytes(snapshot.Module.RecipeText())));
        writer.Write(snapshot.Memories.Length);
        foreach (var memory in snapshot.Memories)
        {
            WriteMemory(writer, memory);
        }

        writer.Write(snapshot.Globals.Length);
        for (var index = 0; index < snapshot.Globals.Length; index++)
        {
            var value = snapshot.Globals[index];
            if (IsReference(snapshot.Module.Module, index))
            {
                value.V128 = (UInt128)(Int128)Number(value.Reference, snapshot.Origin, layout);
            }

            writer.Write((ulong)value.V128);
            writer.Write((ulong)(value.V128 >> 64));
        }

        writer.Write(snapshot.Tables.Length);
        foreach (var table in snapshot.Tables)
        {
            writer.Write(table.Length);
            foreach (var reference in table)
            {
                writer.Write(Number(reference, snapshot.Origin, layout));
            }
        }

        WriteFlags(writer, snapshot.DroppedData);
        WriteFlags(writer, snapshot.DroppedElements);
        writer.Flush();
        writer.Write(SHA256.HashData(file.GetBuffer().AsSpan(0, (int)file.Length)));
        writer.Flush();
        return file.ToArray();
    }

    /// <exception cref="WasmException">The file is damaged or of another module (<see cref="WasmErrorKind.BadArtifact"/>).</exception>
    public static InstanceSnapshot Read(CompiledModule module, ReadOnlyMemory<byte> file)
    {
        var bytes = file.Span;
        if (bytes.Length < Magic.Length + sizeof(int) + (2 * DigestBytes) || !bytes.StartsWith(Magic))
        {
            throw Bad("it is none");
        }

        Span<byte> digest = stackalloc byte[DigestBytes];
        SHA256.HashData(bytes[..^DigestBytes], digest);
        if (!digest.SequenceEqual(bytes[^DigestBytes..]))
        {
            throw Bad("its checksum does not fit");
        }

        using var reader = new BinaryReader(new MemoryStream(file[Magic.Length..^DigestBytes].ToArray(), writable: false));
        var version = reader.ReadInt32();
        if (version != Version)
        {
            throw Bad($"its format has version {version}, this engine reads {Version}");
        }

        SHA256.HashData(Encoding.UTF8.GetBytes(module.RecipeText()), digest);
        if (!digest.SequenceEqual(reader.ReadBytes(DigestBytes)))
        {
            throw Bad("it is of another module, or of one that was compiled in another way");
        }

        try
        {
            return ReadParts(module, reader);
        }
        catch (Exception exception) when (exception is EndOfStreamException or OverflowException)
        {
            throw Bad("its lengths contradict each other");
        }
    }

    private static InstanceSnapshot ReadParts(CompiledModule module, BinaryReader reader)
    {
        var memories = ImmutableArray.CreateBuilder<RegionSnapshot>();
        try
        {
            for (var count = Count(reader, module.Module.Memories.Length - module.Module.ImportedMemoryCount); count > 0; count--)
            {
                memories.Add(ReadMemory(reader));
            }

            var globals = new RawValue[Count(reader, module.Module.DefinedGlobals.Length)];
            for (var index = 0; index < globals.Length; index++)
            {
                globals[index].V128 = reader.ReadUInt64() | ((UInt128)reader.ReadUInt64() << 64);
                if (IsReference(module.Module, index))
                {
                    globals[index].V128 = (UInt128)Reference(checked((int)globals[index].I64), module.Layout);
                }
            }

            var tables = new nint[Count(reader, module.Module.Tables.Length - module.Module.ImportedTableCount)][];
            for (var index = 0; index < tables.Length; index++)
            {
                tables[index] = new nint[checked((int)Math.Min(reader.ReadUInt32(), (ulong)reader.BaseStream.Length))];
                foreach (ref var element in tables[index].AsSpan())
                {
                    element = Reference(reader.ReadInt32(), module.Layout);
                }
            }

            var droppedData = ReadFlags(reader, module.Module.Data.Length);
            var droppedElements = ReadFlags(reader, module.Module.Elements.Length);
            if (reader.BaseStream.Position != reader.BaseStream.Length)
            {
                throw Bad("something follows it");
            }

            var origin = new SnapshotOrigin(-1, unchecked((nint)Records), module.Layout.Referenced.Length, unchecked((nint)Base));
            return new InstanceSnapshot(module, memories.ToImmutable(), globals, tables, [], droppedData, droppedElements, origin);
        }
        catch
        {
            foreach (var memory in memories)
            {
                memory.Dispose();
            }

            throw;
        }
    }

    private static void WriteMemory(BinaryWriter writer, RegionSnapshot memory)
    {
        memory.Hold();
        try
        {
            writer.Write(memory.StateBytes);
            writer.Write(memory.ByteLength);
            using var whole = NativeBlock.CreateUninitialized((nuint)memory.TotalBytes);
            memory.CopyTo(whole.Address);
            var all = new ReadOnlySpan<byte>(whole.Address + memory.StateBytes, checked((int)memory.ByteLength));
            for (var start = 0; start < all.Length; start += PageBytes)
            {
                var page = all.Slice(start, PageBytes);
                if (page.ContainsAnyExcept((byte)0))
                {
                    writer.Write(start / PageBytes);
                    writer.Write(page);
                }
            }

            writer.Write(-1);
        }
        finally
        {
            memory.Unhold();
        }
    }

    private static RegionSnapshot ReadMemory(BinaryReader reader)
    {
        var stateBytes = reader.ReadUInt64();
        var byteLength = reader.ReadUInt64();
        if (stateBytes is < sizeof(ulong) or > 64 * 1024 * 1024 || byteLength % MemoryRegion.PageBytes != 0 || byteLength > int.MaxValue)
        {
            throw Bad("a memory has an impossible length");
        }

        using var block = NativeBlock.Create((nuint)(stateBytes + byteLength));
        var memory = new Span<byte>(block.Address + stateBytes, (int)byteLength);

        // The state belongs to each instance itself, but for the length of its memory.
        *(ulong*)(block.Address + stateBytes + InstanceLayout.MemoryLength) = byteLength;
        for (var page = reader.ReadInt32(); page >= 0; page = reader.ReadInt32())
        {
            if (page >= memory.Length / PageBytes)
            {
                throw Bad("a page lies outside of its memory");
            }

            reader.BaseStream.ReadExactly(memory.Slice(page * PageBytes, PageBytes));
        }

        return RegionSnapshot.Create(block.Address, stateBytes, byteLength);
    }

    // 0 for null, from 1 on the records of defined functions, below 0 where the record of an import lies.
    private static int Number(nint reference, SnapshotOrigin origin, InstanceLayout layout)
    {
        if (reference == 0)
        {
            return 0;
        }

        var record = reference - origin.Records;
        if (record >= 0 && record < (long)origin.RecordCount * FunctionRecord.Bytes)
        {
            return (int)(record / FunctionRecord.Bytes) + 1;
        }

        var import = reference - origin.Base;
        return import < 0 && import >= -layout.StateBytes
            ? (int)import
            : throw new NotSupportedException("A snapshot with functions of other instances cannot be saved.");
    }

    private static nint Reference(int number, InstanceLayout layout) => number switch
    {
        0 => 0,
        > 0 when number <= layout.Referenced.Length => (nint)(Records + ((number - 1L) * FunctionRecord.Bytes)),
        < 0 when layout.ImportRecords.Contains(number) => (nint)(Base + number),
        _ => throw Bad("it refers to a function that there is not"),
    };

    private static bool IsReference(WasmModule module, int definedGlobal) =>
        module.Globals[module.ImportedGlobalCount + definedGlobal].Type.IsReference();

    private static int Count(BinaryReader reader, int expected) =>
        reader.ReadInt32() == expected ? expected : throw Bad("it has other parts than the module");

    private static void WriteFlags(BinaryWriter writer, bool[] flags)
    {
        writer.Write(flags.Length);
        foreach (var flag in flags)
        {
            writer.Write(flag);
        }
    }

    private static bool[] ReadFlags(BinaryReader reader, int expected)
    {
        var flags = new bool[Count(reader, expected)];
        foreach (ref var flag in flags.AsSpan())
        {
            flag = reader.ReadByte() != 0;
        }

        return flags;
    }

    private static WasmException Bad(string why) => new(WasmErrorKind.BadArtifact, $"the snapshot cannot be loaded: {why}");
}
