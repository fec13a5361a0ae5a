using System.Runtime.InteropServices;

namespace Larder.Wasm.Decoding;

/// <summary>
/// Decodes a module: magic, version, then the sections in their order. Checks everything that the binary format's grammar
/// says, except for the instructions of function bodies: those are read only once, by the validator. Indices between the
/// parts are not checked here either. A count is believed only as far as the bytes that are left can justify it, so memory
/// in use stays proportional to the module. Source: WebAssembly 2.0, section 5.5.
/// </summary>
internal sealed partial class ModuleDecoder
{
    private const uint Magic = 0x6D736100;
    private const uint Version = 1;
    private const int CustomId = 0;
    private const int TagId = 13;

    private static readonly string[] SectionNames =
    [
        "custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data",
        "data count", "tag",
    ];

    // Place of each section id in the order of sections.
    private static readonly int[] SectionOrder = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6];

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly ModuleLimits _limits;
    private readonly WasmFeatures _features;
    private readonly long[] _sectionOffsets = new long[SectionNames.Length];
    private readonly List<CustomSection> _customSections = [];
    private FunctionType[] _types = [];
    private ModuleImport[] _imports = [];
    private ModuleExport[] _exports = [];
    private int[] _functionTypes = [];
    private int _importedFunctionCount;
    private int _importedMemoryCount;
    private readonly List<TableType> _tables = [];
    private readonly List<MemoryType> _memories = [];
    private GlobalType[] _globals = [];
    private TableDefinition[] _definedTables = [];
    private GlobalDefinition[] _definedGlobals = [];
    private ElementSegment[] _elements = [];
    private DataSegment[] _data = [];
    private FunctionBody[] _bodies = [];
    private bool _leavesOutCode;
    private long _byteLength;
    private int _startFunction = -1;
    private int? _dataCount;
    private ReadOnlyMemory<byte> _nameSection;

    private ModuleDecoder(ReadOnlyMemory<byte> bytes, ModuleLimits limits, WasmFeatures features)
    {
        _bytes = bytes;
        _limits = limits;
        _features = features;
    }

    /// <summary>Decodes a module.</summary>
    /// <param name="bytes">The module, which must not change any more: the result refers to it.</param>
    /// <param name="limits">Limits on everything countable.</param>
    /// <param name="features">The parts of the specification that are on.</param>
    /// <exception cref="WasmException">The bytes are not a module, or one that is not taken.</exception>
    public static WasmModule Decode(ReadOnlyMemory<byte> bytes, ModuleLimits limits, WasmFeatures features)
    {
        if (bytes.Length > limits.ModuleBytes)
        {
            throw new WasmException(
                WasmErrorKind.LimitExceeded, $"module of {bytes.Length} bytes, at most {limits.ModuleBytes} are allowed");
        }

        return new ModuleDecoder(bytes, limits, features).Decode();
    }

    /// <summary>Decodes a module whose code section was left out, because its code is kept in another form.</summary>
    /// <exception cref="WasmException">The bytes are not such a module.</exception>
    public static WasmModule DecodeWithoutCode(
        ReadOnlyMemory<byte> bytes,
        ModuleLimits limits,
        WasmFeatures features,
        long byteLength) =>
        new ModuleDecoder(bytes, limits, features) { _leavesOutCode = true, _byteLength = byteLength }.Decode();

    /// <summary>The name of a section by its id, for messages.</summary>
    internal static string SectionName(int id) => SectionNames[id];

    private WasmModule Decode()
    {
        var reader = new ByteReader(_bytes.Span);
        ReadHeader(ref reader);
        var last = 0;
        while (!reader.AtEnd)
        {
            var start = reader.Position;
            var id = reader.ReadByte();
            if (id >= SectionNames.Length)
            {
                throw reader.MalformedAt(start, $"malformed section id {id}");
            }

            if (id != CustomId)
            {
                if (SectionOrder[id] <= last)
                {
                    throw reader.MalformedAt(
                        start, $"unexpected content after last section: {SectionNames[id]} section out of order");
                }

                last = SectionOrder[id];
            }

            var length = reader.ReadU32();
            var content = reader.Position;
            var section = new ByteReader(reader.ReadBytes(length), content, SectionNames[id]);
            _sectionOffsets[id] = content;
            ReadSection(id, ref section, start);
            if (!section.AtEnd)
            {
                throw section.Malformed($"section size mismatch: {section.Remaining} bytes are left of {length}");
            }
        }

        CheckCounts(reader.Location);
        return Build();
    }

    private static void ReadHeader(ref ByteReader reader)
    {
        if (reader.Remaining < sizeof(uint))
        {
            throw reader.Malformed(reader.AtEnd ? "unexpected end: empty module" : "unexpected end: magic header not detected");
        }

        if (reader.ReadF32Bits() != Magic)
        {
            throw reader.MalformedAt(0, "magic header not detected");
        }

        if (reader.Remaining < sizeof(uint))
        {
            throw reader.Malformed("unexpected end: unknown binary version");
        }

        var version = reader.ReadF32Bits();
        if (version != Version)
        {
            throw reader.MalformedAt(sizeof(uint), version == 0x1_000D
                ? "unknown binary version 0x1000d: a component, not a core module"
                : $"unknown binary version 0x{version:x}");
        }
    }

    private void ReadSection(int id, ref ByteReader reader, int start)
    {
        switch (id)
        {
            case CustomId:
                ReadCustomSection(ref reader);
                break;
            case 1:
                ReadTypes(ref reader);
                break;
            case 2:
                ReadImports(ref reader);
                break;
            case 3:
                ReadFunctions(ref reader);
                break;
            case 4:
                ReadTables(ref reader);
                break;
            case 5:
                ReadMemories(ref reader);
                break;
            case 6:
                ReadGlobals(ref reader);
                break;
            case 7:
                ReadExports(ref reader);
                break;
            case 8:
                _startFunction = reader.ReadIndex();
                break;
            case 9:
                ReadElements(ref reader);
                break;
            case 10:
                ReadCode(ref reader);
                break;
            case 11:
                ReadData(ref reader);
                break;
            case 12:
                ReadDataCount(ref reader, start);
                break;
            case TagId:
                throw new WasmException(
                    WasmErrorKind.Unsupported, "exception handling: not supported", new ModuleLocation("tag", start));
            default:
                throw new InvalidOperationException($"Section id {id} is not in the table of sections.");
        }
    }

    private void ReadCustomSection(ref ByteReader reader)
    {
        if (_customSections.Count >= _limits.CustomSections)
        {
            throw LimitExceeded(in reader, 0, "custom sections", _customSections.Count + 1L, _limits.CustomSections);
        }

        var name = reader.ReadName(_limits.NameBytes);
        var content = _bytes.Slice((int)reader.Offset, reader.Remaining);
        reader.ReadBytes((uint)reader.Remaining);
        _customSections.Add(new CustomSection(name, content));
        if (name == "name" && _nameSection.IsEmpty)
        {
            _nameSection = content;
        }
    }

    private void CheckCounts(ModuleLocation end)
    {
        var defined = _functionTypes.Length - _importedFunctionCount;
        if (_bodies.Length != defined && !_leavesOutCode)
        {
            throw new WasmException(
                WasmErrorKind.Malformed,
                $"function and code section have inconsistent lengths: {defined} and {_bodies.Length}",
                end);
        }

        if (_dataCount is { } count && count != _data.Length)
        {
            throw new WasmException(
                WasmErrorKind.Malformed,
                $"data count and data section have inconsistent lengths: {count} and {_data.Length}",
                end);
        }
    }

    private WasmModule Build() => new()
    {
        Imports = ImmutableCollectionsMarshal.AsImmutableArray(_imports),
        Exports = ImmutableCollectionsMarshal.AsImmutableArray(_exports),
        Names = NameSectionDecoder.Decode(_nameSection.Span, _functionTypes.Length, _limits.NameBytes),
        CustomSections = [.. _customSections],
        ByteLength = _leavesOutCode ? _byteLength : _bytes.Length,
        Types = ImmutableCollectionsMarshal.AsImmutableArray(_types),
        FunctionTypes = ImmutableCollectionsMarshal.AsImmutableArray(_functionTypes),
        ImportedFunctionCount = _importedFunctionCount,
        Tables = [.. _tables],
        DefinedTables = ImmutableCollectionsMarshal.AsImmutableArray(_definedTables),
        Memories = [.. _memories],
        ImportedMemoryCount = _importedMemoryCount,
        Globals = ImmutableCollectionsMarshal.AsImmutableArray(_globals),
        DefinedGlobals = ImmutableCollectionsMarshal.AsImmutableArray(_definedGlobals),
        StartFunction = _startFunction,
        Elements = ImmutableCollectionsMarshal.AsImmutableArray(_elements),
        Data = ImmutableCollectionsMarshal.AsImmutableArray(_data),
        DataCount = _dataCount,
        Bodies = ImmutableCollectionsMarshal.AsImmutableArray(_bodies),
        SectionOffsets = ImmutableCollectionsMarshal.AsImmutableArray(_sectionOffsets),
    };

    private bool Has(WasmFeatures feature) => (_features & feature) == feature;

    /// <summary>Reads a count that is within its limit and that the rest of the section can hold.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="what">What is counted, for messages.</param>
    /// <param name="limit">The most that may be.</param>
    /// <param name="minimumBytes">Bytes that one of them has at least.</param>
    /// <param name="before">How many count towards the limit already.</param>
    private static int ReadCount(ref ByteReader reader, string what, long limit, int minimumBytes, long before = 0)
    {
        var start = reader.Position;
        var count = reader.ReadU32();
        if (count * (long)minimumBytes > reader.Remaining)
        {
            throw reader.MalformedAt(
                start,
                $"unexpected end of section or function: length out of bounds, {count} {what} in {reader.Remaining} bytes");
        }

        return before + count <= limit
            ? (int)count
            : throw LimitExceeded(in reader, start, what, before + count, limit);
    }

    private static WasmException LimitExceeded(in ByteReader reader, int position, string what, long count, long limit) =>
        new(WasmErrorKind.LimitExceeded, $"{count} {what}, at most {limit} are allowed", reader.LocationAt(position));
}
