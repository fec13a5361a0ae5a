using System.Text;

namespace Larder.Tests.Wasm;

/// <summary>Builds modules byte by byte, also wrong ones.</summary>
internal static class ModuleBytes
{
    public const byte I32 = 0x7F;
    public const byte I64 = 0x7E;
    public const byte F32 = 0x7D;
    public const byte F64 = 0x7C;
    public const byte V128 = 0x7B;
    public const byte FuncRef = 0x70;
    public const byte ExternRef = 0x6F;
    public const byte Empty = 0x40;
    public const byte End = 0x0B;

    /// <summary>Length of magic and version: offset of the first section.</summary>
    public const int HeaderLength = 8;

    public static byte[] Header => [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0];

    public static byte[] Module(params byte[][] sections) => [.. Header, .. sections.SelectMany(static s => s)];

    public static byte[] Section(int id, params byte[] content) => [(byte)id, .. U32((uint)content.Length), .. content];

    /// <summary>A section that is a list.</summary>
    public static byte[] List(int id, params byte[][] entries) => Section(id, Vector(entries));

    public static byte[] Vector(params byte[][] entries) =>
        [.. U32((uint)entries.Length), .. entries.SelectMany(static e => e)];

    public static byte[] U32(uint value)
    {
        var bytes = new List<byte>();
        do
        {
            bytes.Add((byte)((value & 0x7F) | (value > 0x7F ? 0x80U : 0)));
            value >>= 7;
        }
        while (value != 0);

        return [.. bytes];
    }

    public static byte[] Name(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        return [.. U32((uint)bytes.Length), .. bytes];
    }

    public static byte[] Type(byte[] parameters, byte[] results) =>
        [0x60, .. U32((uint)parameters.Length), .. parameters, .. U32((uint)results.Length), .. results];

    /// <summary>A body without locals; the final <c>end</c> is added.</summary>
    public static byte[] Body(params byte[] code) => RawBody([0, .. code, End]);

    /// <summary>A body from its locals to its last byte.</summary>
    public static byte[] RawBody(params byte[] content) => [.. U32((uint)content.Length), .. content];

    /// <summary>
    /// A module with one function, number 1 behind an imported one of type <c>() -> ()</c>; with a memory, a table of
    /// functions, a mutable and an immutable i32 global, a passive segment of each kind.
    /// </summary>
    public static byte[] Function(byte[] parameters, byte[] results, params byte[] code) =>
        FunctionWithBody(parameters, results, Body(code));

    public static byte[] FunctionWithBody(byte[] parameters, byte[] results, byte[] body) => Module(
        List(1, Type([], []), Type(parameters, results), Type([I32, I64], [F32])),
        List(2, [.. Name("m"), .. Name("f"), 0, 0]),
        List(3, [1]),
        List(4, [FuncRef, 0, 1]),
        List(5, [0, 1]),
        List(6, [I32, 1, 0x41, 0, End], [I32, 0, 0x41, 0, End]),
        List(7, [.. Name("g"), 3, 0]),
        List(9, [1, 0, 1, 0]),
        Section(12, 1),
        List(10, body),
        List(11, [1, 1, 0xAA]));

    /// <summary>Offset of the first instruction of the module that <see cref="Function"/> makes.</summary>
    public static int CodeOffset(byte[] module, params byte[] code)
    {
        byte[] body = Body(code);
        var at = module.AsSpan().LastIndexOf(body);
        return at + body.Length - code.Length - 1;
    }
}
