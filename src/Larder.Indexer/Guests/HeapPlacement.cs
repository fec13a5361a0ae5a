using Larder.Wasm.Compilation;
using Larder.Wasm.Decoding;
using Larder.Wasm.Modules;

namespace Larder.Indexer.Guests;

/// <summary>
/// Shows that the heap of a module begins behind pages that are set aside, by moving the global that says where, or because
/// the module has no way to its heap but what growing answers.
/// </summary>
internal static class HeapPlacement
{
    private const int GlobalNames = 7;
    private const int LongestName = 100_000;

    private static readonly string[] Names = ["__heap_base", "~lib/memory/__heap_base"];

    /// <summary>The global to be moved and its new value; null when the heap follows the memory's first pages by itself.</summary>
    /// <exception cref="GuestDataException">Neither can be shown.</exception>
    public static (int Global, uint Value)? Move(WasmModule module, MemoryProfile profile)
    {
        var uses = Uses.Of(module);
        if (profile.HeapBaseGlobal is { } given)
        {
            return (given, Moved(module, given, profile));
        }

        var found = Find(module);
        if (found is { } global && uses.Globals.Contains(global))
        {
            return !module.Globals[global].IsMutable
                ? (global, Moved(module, global, profile))
                : throw Unproved(
                    $"its global {global}, the base of the heap by its name, can be set", "if it is the base all the same, give it");
        }

        if (uses.Grows && !uses.AsksSize)
        {
            return null;
        }

        var reason = found is null
            ? $"it neither exports nor names a global {Names[0]}"
            : $"its code never reads the global {found}, the base of the heap by its name, but has the address in it";
        var other = uses.Grows ? "looks at memory.size" : "never grows its memory";
        throw Unproved($"{reason}, and {other}", "if you know the index of the global, give it");
    }

    /// <summary>The first address behind a segment that is copied to a fixed address; null for others.</summary>
    public static ulong? End(DataSegment segment) => segment is { Mode: SegmentMode.Active, Offset.Kind: Opcode.I32Const }
        ? (uint)segment.Offset.Value + (ulong)segment.Bytes.Length
        : null;

    private static GuestDataException Unproved(string reason, string advice) => new(
        $"it cannot be shown that its heap begins behind the preallocated pages: {reason}; "
        + $"{advice} as {nameof(MemoryProfile)}.{nameof(MemoryProfile.HeapBaseGlobal)}, build the module with such a global, "
        + $"or set {nameof(MemoryProfile.PreallocatedPages)} to 0");

    private static uint Moved(WasmModule module, int global, MemoryProfile profile)
    {
        var definition = global >= module.ImportedGlobalCount && global < module.Globals.Length
            ? module.DefinedGlobals[global - module.ImportedGlobalCount]
            : throw new GuestDataException(
                $"its global {global} is not there or is imported; it defines {module.DefinedGlobals.Length} globals");
        if (definition.Type.Type != WasmType.I32 || definition.Initial.Kind != Opcode.I32Const)
        {
            throw new GuestDataException($"its global {global} is no i32 with a constant, so it cannot be the base of the heap");
        }

        var before = (uint)definition.Initial.Value;
        var behind = module.Data.Max(End) ?? 0;
        if (behind > before)
        {
            throw new GuestDataException(
                $"its data reach to address {behind}, beyond the base of the heap at {before} that global {global} says");
        }

        var after = before + ((ulong)profile.PreallocatedPages * MemoryProfile.PageBytes);
        return after <= uint.MaxValue
            ? (uint)after
            : throw new GuestDataException(
                $"its heap would begin at address {after}, beyond 4 GiB; lower {nameof(profile.PreallocatedPages)}");
    }

    private static int? Find(WasmModule module)
    {
        foreach (var name in Names)
        {
            if (module.Exports.FirstOrDefault(export => export.Kind == ExternKind.Global && export.Name == name) is { } export)
            {
                return export.Index;
            }
        }

        foreach (var section in module.CustomSections)
        {
            if (section.Name == "name" && FindName(section.Content.Span) is { } named && named < module.Globals.Length)
            {
                return named;
            }
        }

        return null;
    }

    private static int? FindName(ReadOnlySpan<byte> content)
    {
        try
        {
            var reader = new ByteReader(content);
            while (!reader.AtEnd)
            {
                var id = reader.ReadByte();
                var subsection = new ByteReader(reader.ReadBytes(reader.ReadU32()));
                for (var count = id == GlobalNames ? subsection.ReadU32() : 0; count > 0; count--)
                {
                    var global = subsection.ReadIndex();
                    if (Names.Contains(subsection.ReadName(LongestName)))
                    {
                        return global;
                    }
                }
            }
        }
        catch (Wasm.WasmException)
        {
            // Names are a courtesy of whoever made the module; what is damaged is as good as absent.
        }

        return null;
    }

    /// <summary>What a module's code looks at.</summary>
    private sealed record Uses(HashSet<int> Globals, bool Grows, bool AsksSize)
    {
        public static Uses Of(WasmModule module)
        {
            var globals = new HashSet<int>();
            var grows = false;
            var asksSize = false;
            foreach (var body in module.Bodies)
            {
                var reader = new ByteReader(body.Code.Span, body.Offset);
                while (!reader.AtEnd)
                {
                    var opcode = reader.ReadOpcode();
                    grows |= opcode == Opcode.MemoryGrow;
                    asksSize |= opcode == Opcode.MemorySize;
                    if (opcode == Opcode.GlobalGet)
                    {
                        globals.Add(reader.ReadIndex());
                    }
                    else
                    {
                        Immediates.Skip(ref reader, opcode);
                    }
                }
            }

            return new Uses(globals, grows, asksSize);
        }
    }
}
