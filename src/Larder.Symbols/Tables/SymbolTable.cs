using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Larder.Cache.Fingerprints;
using Larder.Cache.Integrity;

namespace Larder.Symbols.Tables;

/// <summary>
/// The symbols of one module as they lie in a file or in memory. Nothing is copied out until it is asked for. Its bytes are
/// checked when it is opened, and every access is within them whatever they hold; a table that contradicts itself throws
/// <see cref="SymbolsException"/>. Immutable and safe for many threads.
/// </summary>
internal sealed unsafe partial class SymbolTable : IDisposable
{
    private const int MaxDepth = 256;

    private readonly byte* _base;
    private readonly TableHeader _header;
    private readonly TableMemory _memory;

    private SymbolTable(TableMemory memory, in TableHeader header)
    {
        _memory = memory;
        _base = memory.Address;
        _header = header;
        Digest = new Fingerprint(_header.Digest);
        ModuleName = TextString(_header.ModuleName);
        ModuleVersion = TextString(_header.ModuleVersion);
    }

    /// <summary>Number of symbols.</summary>
    public int Count => (int)_header.Symbols;

    /// <summary>Number of symbols that can be reached from outside the module.</summary>
    public int ExportCount => (int)_header.Exports;

    /// <summary>Number of different simple names.</summary>
    public int NameCount => (int)_header.Names;

    /// <summary>Size in bytes.</summary>
    public long Length => (long)_header.Length;

    public ModuleKind Kind => (ModuleKind)_header.Kind;

    /// <summary>SHA-256 of the module.</summary>
    public Fingerprint Digest { get; }

    /// <summary>The identifier of the module's version; empty for WebAssembly.</summary>
    public Guid Mvid => _header.Mvid;

    /// <summary>The module's own name; empty when it has none.</summary>
    public string ModuleName { get; }

    public string ModuleVersion { get; }

    /// <summary>Whether the bytes are in a file, and so no memory of the process.</summary>
    public bool IsMapped => _memory.IsMapped;

    public ReadOnlySpan<uint> NameOffsets => Section<uint>(TableSection.NameOffsets);

    public ReadOnlySpan<uint> NameStarts => Section<uint>(TableSection.NameStarts);

    public ReadOnlySpan<uint> NameSymbols => Section<uint>(TableSection.NameSymbols);

    public ReadOnlySpan<uint> NameBits => Section<uint>(TableSection.NameBits);

    public ReadOnlySpan<ulong> NameHumps => Section<ulong>(TableSection.NameHumps);

    public ReadOnlySpan<byte> Names => Section<byte>(TableSection.Names);

    public ReadOnlySpan<byte> Folded => Section<byte>(TableSection.Folded);

    /// <summary>Names of the modules that this one refers to.</summary>
    public IEnumerable<string> References
    {
        get
        {
            var count = Section<uint>(TableSection.References).Length;
            for (var i = 0; i < count; i++)
            {
                yield return TextString(Section<uint>(TableSection.References)[i]);
            }
        }
    }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => new(_base, (int)_header.Length);

    /// <summary>Opens a table, which owns the memory from then on, also when this throws.</summary>
    /// <param name="memory">The bytes.</param>
    /// <param name="isVerified">Whether their checksum was compared a moment ago by who gave them.</param>
    /// <exception cref="SymbolsException">They are not a table, damaged, or of another version.</exception>
    public static SymbolTable Open(TableMemory memory, bool isVerified = false)
    {
        try
        {
            var bytes = new ReadOnlySpan<byte>(memory.Address, checked((int)memory.Length));
            if (bytes.Length < sizeof(TableHeader))
            {
                throw Damaged($"{bytes.Length} bytes are no symbol table");
            }

            var header = MemoryMarshal.Read<TableHeader>(bytes);
            if (header.Magic != TableHeader.CurrentMagic)
            {
                throw Damaged("a symbol table begins with other bytes");
            }

            if (header.Version != TableHeader.CurrentVersion)
            {
                throw Damaged($"version {header.Version} of the symbol table is not known, only {TableHeader.CurrentVersion}");
            }

            Check(header, bytes.Length);
            if (!isVerified && Crc32C.Compute(bytes[TableHeader.CheckedFrom..]) != header.Checksum)
            {
                throw Damaged("the symbol table does not have its checksum");
            }

            return new SymbolTable(memory, header);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>The symbol of an identifier such as <c>M:System.String.Trim</c>; -1 when there is none.</summary>
    public int Find(ReadOnlySpan<byte> identifier) => Find(identifier, NameHash.Of(identifier));

    /// <summary>The same for who has the identifier's hash, because many tables are asked.</summary>
    public int Find(ReadOnlySpan<byte> identifier, uint hash)
    {
        var symbol = Find(identifier, hash, 0);
        return symbol < 0 && SplitOrdinal(identifier, out var plain, out var ordinal) ? Find(plain, NameHash.Of(plain), ordinal - 1) : symbol;
    }

    /// <summary>The record of a symbol.</summary>
    public ref readonly SymbolRecord this[int symbol]
    {
        get
        {
            if ((uint)symbol >= _header.Symbols)
            {
                throw Damaged($"symbol {symbol} of {_header.Symbols}");
            }

            return ref Unsafe.Add(ref Unsafe.AsRef<SymbolRecord>(_base + _header.Sections[0]), symbol);
        }
    }

    /// <summary>The symbol's simple name.</summary>
    public ReadOnlySpan<byte> NameOf(int symbol) => Name((int)this[symbol].Name);

    /// <summary>A simple name by its number.</summary>
    public ReadOnlySpan<byte> Name(int name)
    {
        var offsets = NameOffsets;
        if ((uint)name >= (uint)offsets.Length - 1)
        {
            throw Damaged($"name {name} of {offsets.Length - 1}");
        }

        return Slice(Names, offsets[name], (long)offsets[name + 1] - offsets[name] - 1);
    }

    /// <summary>A text by its offset.</summary>
    public ReadOnlySpan<byte> Text(uint offset)
    {
        var texts = Section<byte>(TableSection.Texts);
        var length = 0UL;
        for (var shift = 0; shift < 35; shift += 7)
        {
            if (offset >= (uint)texts.Length)
            {
                break;
            }

            var part = texts[(int)offset++];
            length |= (ulong)(part & 0x7Fu) << shift;
            if (part < 0x80)
            {
                return Slice(texts, offset, (long)length);
            }
        }

        throw Damaged("a text is not within the table");
    }

    /// <summary>A text by its offset, as a string.</summary>
    public string TextString(uint offset) => offset == 0 ? string.Empty : Encoding.UTF8.GetString(Text(offset));

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    internal static SymbolsException Damaged(string what) => new(SymbolsErrorKind.Damaged, $"The symbol table is damaged: {what}.");

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> bytes, uint offset, long length) =>
        length >= 0 && offset + length <= bytes.Length
            ? bytes.Slice((int)offset, (int)length)
            : throw Damaged("a text or name is not within the table");

    // The one after so many of equal identifiers; they lie in the order of their symbols. The upper bits of a slot are those of
    // its hash, so that other identifiers are passed over without a look at their records.
    private int Find(ReadOnlySpan<byte> identifier, uint hash, int skip)
    {
        var slots = Section<uint>(TableSection.Slots);
        var mask = (uint)slots.Length - 1;
        var slot = hash & mask;
        for (var probes = 0; probes < slots.Length && slots[(int)slot] is > 0 and var found; probes++, slot = (slot + 1) & mask)
        {
            if (((found ^ hash) & ~(uint)TableWriter.SlotSymbol) != 0)
            {
                continue;
            }

            var symbol = (int)(found & TableWriter.SlotSymbol) - 1;
            if (HasIdentifier(symbol, identifier) && skip-- == 0)
            {
                return symbol;
            }
        }

        return -1;
    }

    private ReadOnlySpan<TElement> Section<TElement>(TableSection section)
        where TElement : unmanaged =>
        new(_base + _header.Sections[2 * (int)section], (int)(_header.Sections[(2 * (int)section) + 1] / (uint)sizeof(TElement)));

    private static void Check(in TableHeader header, long length)
    {
        if (header.Length != (ulong)length)
        {
            throw Damaged($"it has {length} bytes and says {header.Length}");
        }

        ReadOnlySpan<long> lengths =
        [
            (long)header.Symbols * SymbolRecord.Size, 4L * header.Slots, 4L * (header.Names + 1L), 8L * header.Names, 4L * (header.Names + 1L),
            4L * header.Symbols, 4L * header.Symbols,
        ];
        var at = (long)sizeof(TableHeader);
        for (var section = 0; section < TableWriter.SectionCount; section++)
        {
            long offset = header.Sections[2 * section];
            long bytes = header.Sections[(2 * section) + 1];
            if (offset < at || offset % 8 != 0 || offset + bytes > length || (section < lengths.Length && bytes != lengths[section]))
            {
                throw Damaged($"the section of {((TableSection)section).ToString().ToLowerInvariant()} is not where it can be");
            }

            at = offset + bytes;
        }

        var sameNames = header.Sections[(2 * (int)TableSection.Names) + 1] == header.Sections[(2 * (int)TableSection.Folded) + 1];
        if (!BitOperations.IsPow2(header.Slots) || header.Kind > (uint)ModuleKind.WebAssembly || !sameNames)
        {
            throw Damaged("its header contradicts itself");
        }
    }
}
