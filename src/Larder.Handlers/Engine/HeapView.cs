using System.Buffers.Binary;

namespace Larder.Handlers.Engine;

/// <summary>
/// Values as they lie in an engine's memory: the structures of quickjs-ng as the known module has them. Nothing that is read
/// is trusted; what lies outside of the memory reads as nothing that there is.
/// </summary>
/// <remarks>Source: quickjs-ng, <c>quickjs.c</c>: <c>JSObject</c>, <c>JSShape</c>, <c>JSString</c>, with 32-bit addresses.</remarks>
internal readonly ref struct HeapView(ReadOnlySpan<byte> memory, HeapLayout layout)
{
    /// <summary>The class of objects that are nothing else.</summary>
    public const int PlainClass = 1;

    /// <summary>The class of arrays.</summary>
    public const int ArrayClass = 2;

    /// <summary>That a property is seen when others are listed.</summary>
    public const uint Enumerable = 1 << 2;

    /// <summary>That a property is no value, but something that gives one.</summary>
    public const uint NoValue = 3 << 4;

    /// <summary>Names with this bit are small numbers.</summary>
    public const uint NumberName = 1u << 31;

    private const int FlagsOffset = 8;
    private const int ClassOffset = 10;
    private const int ShapeOffset = 12;
    private const int PropertiesOffset = 16;
    private const int ElementsOffset = 28;
    private const int ElementCountOffset = 32;
    private const int FastArrayBit = 1 << 4;
    private const int ShapeMaskOffset = 16;
    private const int ShapeCountOffset = 24;
    private const int ShapePrototypeOffset = 36;
    private const int ShapeTableOffset = 40;
    private const int ShapePropertyBytes = 8;
    private const int PropertyFlagsShift = 26;
    private const int StringHeaderBytes = 24;
    private const int NormalString = 0;
    private const int SliceString = 1;
    private const int StringName = 1;
    private const int MostShapeProperties = 1 << 16;

    private readonly ReadOnlySpan<byte> _memory = memory;

    /// <summary>The class of an object; 0 for none.</summary>
    public int ClassOf(int address) =>
        TryRead(address + ClassOffset, sizeof(ushort), out var bytes) ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : 0;

    /// <summary>The shape of an object.</summary>
    public int ShapeOf(int address) => Word(address + ShapeOffset);

    /// <summary>Where the values of an object's properties lie, in the order of its shape, 8 bytes each.</summary>
    public int PropertiesOf(int address) => Word(address + PropertiesOffset);

    /// <summary>The prototype of the objects of a shape; 0 for null.</summary>
    public int PrototypeOf(int shape) => Word(shape + ShapePrototypeOffset);

    /// <summary>Number and first of the descriptions in a shape, which <see cref="Name"/> and <see cref="Flags"/> read.</summary>
    public bool TryShape(int shape, out int count, out int first)
    {
        count = Word(shape + ShapeCountOffset);
        var mask = Word(shape + ShapeMaskOffset);
        first = shape + ShapeTableOffset + (sizeof(int) * (mask + 1));
        return (uint)count <= MostShapeProperties && (uint)mask <= 4 * MostShapeProperties;
    }

    /// <summary>The name of a property; 0 where one was deleted.</summary>
    public uint Name(int first, int index) => (uint)Word(first + (ShapePropertyBytes * index) + sizeof(int));

    /// <summary>The flags of a property.</summary>
    public uint Flags(int first, int index) => (uint)Word(first + (ShapePropertyBytes * index)) >> PropertyFlagsShift;

    /// <summary>Whether a name is that of the function by which an object says how it is written.</summary>
    public bool IsToJson(uint name) => name == (uint)layout.ToJson;

    /// <summary>Where a name's string lies; 0 when it is no string.</summary>
    public int StringOf(uint name)
    {
        var address = Word(Word(layout.AtomTable) + (int)(sizeof(int) * name));
        return (uint)Word(address + sizeof(int)) >> 30 == StringName ? address : 0;
    }

    /// <summary>The value at an address.</summary>
    public JsValue Value(int address) => TryRead(address, sizeof(long), out var bytes)
        ? new JsValue(BinaryPrimitives.ReadInt64LittleEndian(bytes))
        : JsValue.Exception;

    /// <summary>The elements of an array, when it is one of values side by side that has no more properties than elements.</summary>
    public bool TryArray(int address, out int first, out int count)
    {
        first = Word(address + ElementsOffset);
        count = Word(address + ElementCountOffset);
        return (Word(address + FlagsOffset) & FastArrayBit) != 0
            && count >= 0
            && TryShape(ShapeOf(address), out var properties, out _) && properties == 1
            && Value(PropertiesOf(address)) == JsValue.FromInt32(count);
    }

    /// <summary>Whether plain objects and arrays inherit no <c>toJSON</c>.</summary>
    public bool HasPlainPrototypes()
    {
        var (arrays, objects) = (ShapeOf(layout.ArrayPrototype), ShapeOf(layout.ObjectPrototype));
        return !HasToJson(arrays) && !HasToJson(objects)
            && PrototypeOf(arrays) == layout.ObjectPrototype && PrototypeOf(objects) == 0;
    }

    /// <summary>Whether a prototype is the one that plain objects begin with, or null.</summary>
    public bool IsPlainPrototype(int prototype) => prototype == layout.ObjectPrototype || prototype == 0;

    /// <summary>Whether a prototype is the one that arrays begin with.</summary>
    public bool IsArrayPrototype(int prototype) => prototype == layout.ArrayPrototype;

    /// <summary>The characters of a string: bytes of Latin-1, or pairs of bytes when it is wide.</summary>
    public bool TryString(int address, out ReadOnlySpan<byte> text, out bool isWide)
    {
        var length = (uint)Word(address);
        isWide = length >> 31 != 0;
        length &= int.MaxValue;
        var content = address + StringHeaderBytes;
        switch (((uint)Word(address + sizeof(int)) >> 28) & 3)
        {
            case NormalString:
                break;
            case SliceString:
                content = Word(content) + StringHeaderBytes + Word(content + sizeof(int));
                break;
            default:
                text = default;
                return false;
        }

        return TryRead(content, (long)length << (isWide ? 1 : 0), out text);
    }

    /// <summary>The parts of a string that is not put together yet.</summary>
    public (JsValue Left, JsValue Right) Rope(int address) => (Value(address + 8), Value(address + 16));

    /// <summary>Four bytes at an address; 0 outside of the memory.</summary>
    public int Word(int address) =>
        TryRead(address, sizeof(int), out var bytes) ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : 0;

    private bool HasToJson(int shape)
    {
        if (!TryShape(shape, out var count, out var first))
        {
            return true;
        }

        for (var index = 0; index < count; index++)
        {
            if (IsToJson(Name(first, index)))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryRead(int address, long length, out ReadOnlySpan<byte> bytes)
    {
        if ((uint)address + (ulong)length > (ulong)_memory.Length)
        {
            bytes = default;
            return false;
        }

        bytes = _memory.Slice(address, (int)length);
        return true;
    }
}
