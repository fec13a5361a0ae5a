using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Larder.Cache.Integrity;

namespace Larder.Symbols.Tables;

/// <summary>
/// Collects the symbols of one module and writes them as a table. Equal modules give equal bytes, on every machine. Not for
/// several threads at a time.
/// </summary>
internal sealed class TableWriter
{
    /// <summary>How many sections a table has.</summary>
    public const int SectionCount = 11;

    /// <summary>Most symbols of a module.</summary>
    public const int MaxSymbols = SlotSymbol - 1;

    /// <summary>The bits of a slot that name a symbol; the others are those of its hash.</summary>
    public const int SlotSymbol = (1 << 24) - 1;

    /// <summary>Longest simple name, in bytes.</summary>
    public const int MaxNameBytes = 32 * 1024;

    private const long MaxTableBytes = 1L << 30;

    private readonly Utf8Pool _names;
    private readonly Utf8Pool _texts;
    private readonly List<uint> _references = [];
    private SymbolRecord[] _records;

    // Hash of every symbol's identifier.
    private uint[] _hashes;

    /// <summary>Creates a writer for a module of about so many symbols.</summary>
    public TableWriter(int expected)
    {
        expected = Math.Clamp(expected, 64, 1 << 20);
        _names = new Utf8Pool(expected, 16 * expected);
        _texts = new Utf8Pool(expected / 2, 24 * expected);
        _records = new SymbolRecord[expected];
        _hashes = new uint[expected];
        _texts.Add([]);
    }

    /// <summary>How many symbols there are.</summary>
    public int Count { get; private set; }

    public ModuleKind Kind { get; init; }

    public Guid Mvid { get; set; }

    public int ModuleName { get; set; }

    public int ModuleVersion { get; set; }

    /// <summary>A symbol that was added, for what is known of it later.</summary>
    public ref SymbolRecord this[int symbol] => ref _records[symbol];

    /// <summary>Keeps a text and returns what records name it by.</summary>
    public uint Text(ReadOnlySpan<byte> text) => text.IsEmpty ? 0 : (uint)_texts.Add(text);

    /// <summary>A text that was kept.</summary>
    public ReadOnlySpan<byte> TextOf(uint text) => _texts[(int)text];

    /// <summary>Names a module that this one refers to.</summary>
    public void Refer(ReadOnlySpan<byte> module) => _references.Add(Text(module));

    /// <summary>Adds a symbol.</summary>
    /// <param name="record">All but its name.</param>
    /// <param name="name">Its simple name.</param>
    /// <param name="identifier">Its identifier, as <see cref="SymbolTable"/> puts it together.</param>
    public int Add(in SymbolRecord record, ReadOnlySpan<byte> name, ReadOnlySpan<byte> identifier)
    {
        if (name.Length > MaxNameBytes)
        {
            throw new SymbolsException(SymbolsErrorKind.LimitExceeded, $"a name of {name.Length} bytes, at most {MaxNameBytes} are allowed");
        }

        if (Count == MaxSymbols)
        {
            throw new SymbolsException(SymbolsErrorKind.LimitExceeded, $"more than {MaxSymbols} symbols");
        }

        if (Count == _records.Length)
        {
            Array.Resize(ref _records, 2 * Count);
            Array.Resize(ref _hashes, 2 * Count);
        }

        ref var added = ref _records[Count];
        added = record;

        // A zero byte parts names, so that none may hold one.
        var zero = name.IndexOf((byte)0);
        added.Name = (uint)_names.Add(zero < 0 ? name : name[..zero]);
        _hashes[Count] = NameHash.Of(identifier);
        return Count++;
    }

    /// <summary>Writes the table.</summary>
    /// <param name="digest">SHA-256 of the module.</param>
    public byte[] Write(ReadOnlySpan<byte> digest)
    {
        var order = SortNames(out var rank);
        var textOffsets = PlaceTexts(out var textBytes);
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(8, Count + (Count / 2)));
        var nameBytes = _names.TotalBytes + _names.Count;
        Span<long> lengths =
        [
            (long)Count * SymbolRecord.Size, 4L * slots, 4L * (_names.Count + 1), 8L * _names.Count, 4L * (_names.Count + 1), 4L * Count, 4L * Count,
            nameBytes, nameBytes, textBytes, 4L * _references.Count,
        ];
        var header = new TableHeader
        {
            Magic = TableHeader.CurrentMagic,
            Version = TableHeader.CurrentVersion,
            Symbols = (uint)Count,
            Names = (uint)_names.Count,
            Slots = (uint)slots,
            Kind = (uint)Kind,
            Mvid = Mvid,
            ModuleName = textOffsets[ModuleName],
            ModuleVersion = textOffsets[ModuleVersion],
        };
        digest.CopyTo(header.Digest);
        var total = Place(lengths, ref header);
        var table = new byte[total];
        var sections = new Sections(table, header);
        WriteNames(sections, order);
        WriteRecords(sections, rank, textOffsets, ref header);
        WriteTexts(sections, textOffsets);
        WriteSlots(MemoryMarshal.Cast<byte, uint>(sections[TableSection.Slots]));
        MemoryMarshal.Write(table, header);
        header.Checksum = Crc32C.Compute(table.AsSpan(TableHeader.CheckedFrom));
        MemoryMarshal.Write(table, header);
        return table;
    }

    private static unsafe long Place(ReadOnlySpan<long> lengths, ref TableHeader header)
    {
        long at = (sizeof(TableHeader) + 7) & ~7;
        for (var section = 0; section < SectionCount; section++)
        {
            if (at + lengths[section] > MaxTableBytes)
            {
                throw new SymbolsException(SymbolsErrorKind.LimitExceeded, $"a table of more than {MaxTableBytes} bytes");
            }

            header.Sections[2 * section] = (uint)at;
            header.Sections[(2 * section) + 1] = (uint)lengths[section];
            at = (at + lengths[section] + 7) & ~7L;
        }

        header.Length = (ulong)at;
        return at;
    }

    // The names in the order of their folded form, then of their own.
    private int[] SortNames(out uint[] rank)
    {
        var order = new int[_names.Count];
        var keys = new NameOrder[_names.Count];
        Span<byte> head = stackalloc byte[8];
        for (var name = 0; name < order.Length; name++)
        {
            order[name] = name;
            head.Clear();
            var text = _names[name];
            NameFolding.Fold(text[..Math.Min(8, text.Length)], head);
            keys[name] = new NameOrder(this, name, BinaryPrimitives.ReadUInt64BigEndian(head));
        }

        Array.Sort(keys, order);
        rank = new uint[order.Length];
        for (var place = 0; place < order.Length; place++)
        {
            rank[order[place]] = (uint)place;
        }

        return order;
    }

    private uint[] PlaceTexts(out long bytes)
    {
        var offsets = new uint[_texts.Count];
        bytes = 0;
        for (var text = 0; text < offsets.Length; text++)
        {
            offsets[text] = (uint)bytes;
            var length = _texts[text].Length;
            bytes += length + (BitOperations.Log2((uint)length | 1) / 7) + 1;
        }

        return offsets;
    }

    private void WriteNames(Sections sections, int[] order)
    {
        var offsets = MemoryMarshal.Cast<byte, uint>(sections[TableSection.NameOffsets]);
        var humps = MemoryMarshal.Cast<byte, ulong>(sections[TableSection.NameHumps]);
        var names = sections[TableSection.Names];
        var folded = sections[TableSection.Folded];
        var at = 0;
        for (var place = 0; place < order.Length; place++)
        {
            var name = _names[order[place]];
            offsets[place] = (uint)at;
            humps[place] = NameFolding.Humps(name);
            name.CopyTo(names[at..]);
            NameFolding.Fold(name, folded[at..]);
            at += name.Length + 1;
        }

        offsets[order.Length] = (uint)at;
    }

    private void WriteRecords(Sections sections, uint[] rank, uint[] textOffsets, ref TableHeader header)
    {
        var records = MemoryMarshal.Cast<byte, SymbolRecord>(sections[TableSection.Records]);
        var starts = MemoryMarshal.Cast<byte, uint>(sections[TableSection.NameStarts]);
        var symbols = MemoryMarshal.Cast<byte, uint>(sections[TableSection.NameSymbols]);
        for (var symbol = 0; symbol < Count; symbol++)
        {
            var record = _records[symbol];
            record.Name = rank[record.Name];
            record.Suffix = textOffsets[record.Suffix];
            record.Type = textOffsets[record.Type];
            record.Value = textOffsets[record.Value];
            record.Attributes = textOffsets[record.Attributes];
            records[symbol] = record;
            starts[(int)record.Name + 1]++;
            header.Exports += (record.Traits & SymbolTraits.Exported) != 0 ? 1u : 0u;
        }

        for (var name = 1; name < starts.Length; name++)
        {
            starts[name] += starts[name - 1];
        }

        var bits = MemoryMarshal.Cast<byte, uint>(sections[TableSection.NameBits]);
        var next = starts[..^1].ToArray();
        for (var symbol = 0; symbol < Count; symbol++)
        {
            var place = (int)next[records[symbol].Name]++;
            symbols[place] = (uint)symbol;
            bits[place] = records[symbol].Bits;
        }

        var references = MemoryMarshal.Cast<byte, uint>(sections[TableSection.References]);
        for (var reference = 0; reference < _references.Count; reference++)
        {
            references[reference] = textOffsets[_references[reference]];
        }
    }

    private void WriteTexts(Sections sections, uint[] offsets)
    {
        var texts = sections[TableSection.Texts];
        for (var text = 0; text < offsets.Length; text++)
        {
            var at = (int)offsets[text];
            var bytes = _texts[text];
            var length = (uint)bytes.Length;
            for (; length >= 0x80; length >>= 7)
            {
                texts[at++] = (byte)(length | 0x80);
            }

            texts[at++] = (byte)length;
            bytes.CopyTo(texts[at..]);
        }
    }

    private void WriteSlots(Span<uint> slots)
    {
        var mask = (uint)slots.Length - 1;
        var patience = Utf8Pool.PatienceFor(Count);
        for (var symbol = 0; symbol < Count; symbol++)
        {
            var slot = _hashes[symbol] & mask;
            while (slots[(int)slot] != 0)
            {
                slot = (slot + 1) & mask;
                if (--patience < 0)
                {
                    throw new SymbolsException(SymbolsErrorKind.LimitExceeded, "too many symbols of the same name");
                }
            }

            slots[(int)slot] = ((uint)symbol + 1) | (_hashes[symbol] & ~(uint)SlotSymbol);
        }
    }

    private readonly ref struct Sections(Span<byte> table, TableHeader header)
    {
        private readonly Span<byte> _table = table;
        private readonly TableHeader _header = header;

        public Span<byte> this[TableSection section] =>
            _table.Slice((int)_header.Sections[2 * (int)section], (int)_header.Sections[(2 * (int)section) + 1]);
    }

    // Most names differ in their first eight letters.
    private readonly struct NameOrder(TableWriter writer, int name, ulong head) : IComparable<NameOrder>
    {
        private readonly TableWriter _writer = writer;
        private readonly int _name = name;
        private readonly ulong _head = head;

        public int CompareTo(NameOrder other)
        {
            if (_head != other._head)
            {
                return _head < other._head ? -1 : 1;
            }

            var mine = _writer._names[_name];
            var theirs = _writer._names[other._name];
            var length = Math.Min(mine.Length, theirs.Length);
            for (var i = 8; i < length; i++)
            {
                var difference = NameFolding.Fold(mine[i]) - NameFolding.Fold(theirs[i]);
                if (difference != 0)
                {
                    return difference;
                }
            }

            return mine.Length != theirs.Length ? mine.Length - theirs.Length : mine.SequenceCompareTo(theirs);
        }
    }
}
