using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace Larder.Tests.Wasm.Runtime;

/// <summary>How results are compared.</summary>
internal enum Exactness
{
    /// <summary>Bit by bit.</summary>
    Bits,

    /// <summary>32-bit lanes that may be any NaN the specification allows where the reference has one.</summary>
    F32,

    /// <summary>64-bit lanes, likewise.</summary>
    F64,
}

/// <summary>
/// The vector instructions without memory and lane immediates, by name, lane by lane in wide arithmetic.
/// </summary>
internal static partial class SimdReference
{
    public static readonly Dictionary<string, (Func<byte[][], byte[]> Run, Exactness Exactness)> Vectors = [];

    /// <summary>Shifts: a vector and a count.</summary>
    public static readonly Dictionary<string, Func<byte[], int, byte[]>> Shifts = [];

    /// <summary>Tests: a vector to an integer.</summary>
    public static readonly Dictionary<string, Func<byte[], int>> Tests = [];

    static SimdReference()
    {
        Bitwise();
        foreach (var width in new[] { 8, 16, 32, 64 })
        {
            Integers(width);
        }

        Widening();
        Floats(32);
        Floats(64);
        Conversions();
    }

    /// <summary>The lane as a number.</summary>
    public static Int128 Lane(byte[] vector, int width, int lane, bool signed)
    {
        Int128 value = 0;
        for (var i = (width / 8) - 1; i >= 0; i--)
        {
            value = (value << 8) | vector[(lane * width / 8) + i];
        }

        return signed && value >> (width - 1) != 0 ? value - (Int128.One << width) : value;
    }

    /// <summary>Stores a number modulo the lane width.</summary>
    public static void SetLane(byte[] vector, int width, int lane, Int128 value)
    {
        for (var i = 0; i < width / 8; i++)
        {
            vector[(lane * width / 8) + i] = (byte)((value >> (8 * i)) & 0xFF);
        }
    }

    public static byte[] Bytes(Vector128<byte> vector)
    {
        var bytes = new byte[16];
        vector.CopyTo(bytes);
        return bytes;
    }

    private static byte[] Build(int width, Func<int, Int128> lane)
    {
        var result = new byte[16];
        for (var i = 0; i < 128 / width; i++)
        {
            SetLane(result, width, i, lane(i));
        }

        return result;
    }

    private static Int128 Clamp(Int128 value, int width, bool signed)
    {
        var lowest = signed ? -(Int128.One << (width - 1)) : 0;
        var highest = (signed ? Int128.One << (width - 1) : Int128.One << width) - 1;
        return Int128.Clamp(value, lowest, highest);
    }

    private static void Bitwise()
    {
        Bits("not", v => (byte)~v[0]);
        Bits("and", v => (byte)(v[0] & v[1]));
        Bits("andnot", v => (byte)(v[0] & ~v[1]));
        Bits("or", v => (byte)(v[0] | v[1]));
        Bits("xor", v => (byte)(v[0] ^ v[1]));
        Bits("bitselect", v => (byte)((v[0] & v[2]) | (v[1] & ~v[2])));
        Tests["v128.any_true"] = v => v.Any(b => b != 0) ? 1 : 0;
        Vectors["i8x16.swizzle"] = (v => Build(8, i => v[1][i] < 16 ? v[0][v[1][i]] : 0), Exactness.Bits);

        static void Bits(string name, Func<byte[], byte> bits) =>
            Vectors["v128." + name] = (v => Build(8, i => bits([.. v.Select(one => one[i])])), Exactness.Bits);
    }

    private static void Integers(int width)
    {
        var prefix = $"i{width}x{128 / width}.";
        var all = -Int128.One;

        Unary("neg", a => -a);
        Unary("abs", a => Int128.Abs(a));
        Binary("add", true, (a, b) => a + b);
        Binary("sub", true, (a, b) => a - b);
        Binary("eq", true, (a, b) => a == b ? all : 0);
        Binary("ne", true, (a, b) => a != b ? all : 0);
        foreach (var signed in width == 64 ? [true] : new[] { true, false })
        {
            var suffix = signed ? "_s" : "_u";
            Binary("lt" + suffix, signed, (a, b) => a < b ? all : 0);
            Binary("gt" + suffix, signed, (a, b) => a > b ? all : 0);
            Binary("le" + suffix, signed, (a, b) => a <= b ? all : 0);
            Binary("ge" + suffix, signed, (a, b) => a >= b ? all : 0);
            if (width < 64)
            {
                Binary("min" + suffix, signed, (a, b) => Int128.Min(a, b));
                Binary("max" + suffix, signed, (a, b) => Int128.Max(a, b));
            }

            if (width < 32)
            {
                Binary("add_sat" + suffix, signed, (a, b) => Clamp(a + b, width, signed));
                Binary("sub_sat" + suffix, signed, (a, b) => Clamp(a - b, width, signed));
            }
        }

        if (width > 8)
        {
            Binary("mul", true, (a, b) => unchecked(a * b));
        }

        if (width < 32)
        {
            Binary("avgr_u", false, (a, b) => (a + b + 1) / 2);
        }

        if (width == 8)
        {
            Unary("popcnt", a => Enumerable.Range(0, 8).Count(bit => ((a >> bit) & 1) != 0));
        }

        Shifts[prefix + "shl"] = (v, n) => Build(width, i => Lane(v, width, i, false) << (n & (width - 1)));
        Shifts[prefix + "shr_s"] = (v, n) => Build(width, i => Lane(v, width, i, true) >> (n & (width - 1)));
        Shifts[prefix + "shr_u"] = (v, n) => Build(width, i => Lane(v, width, i, false) >> (n & (width - 1)));
        Tests[prefix + "all_true"] =
            v => Enumerable.Range(0, 128 / width).All(i => Lane(v, width, i, false) != 0) ? 1 : 0;
        Tests[prefix + "bitmask"] =
            v => Enumerable.Range(0, 128 / width).Sum(i => Lane(v, width, i, true) < 0 ? 1 << i : 0);

        void Unary(string name, Func<Int128, Int128> number) =>
            Vectors[prefix + name] = (v => Build(width, i => number(Lane(v[0], width, i, true))), Exactness.Bits);

        void Binary(string name, bool signed, Func<Int128, Int128, Int128> number) => Vectors[prefix + name] = (
            v => Build(width, i => number(Lane(v[0], width, i, signed), Lane(v[1], width, i, signed))), Exactness.Bits);
    }

    private static void Widening()
    {
        foreach (var width in new[] { 16, 32, 64 })
        {
            var half = width / 2;
            var prefix = $"i{width}x{128 / width}.";
            var narrow = $"i{half}x{128 / half}";
            var lanes = 128 / width;
            foreach (var signed in new[] { true, false })
            {
                var suffix = signed ? "_s" : "_u";
                foreach (var (name, first) in new[] { ("low", 0), ("high", lanes) })
                {
                    Add(
                        $"{prefix}extend_{name}_{narrow}{suffix}",
                        v => Build(width, i => Lane(v[0], half, first + i, signed)));
                    Add(
                        $"{prefix}extmul_{name}_{narrow}{suffix}",
                        v => Build(width, i =>
                            Lane(v[0], half, first + i, signed) * Lane(v[1], half, first + i, signed)));
                }

                if (width < 64)
                {
                    Add(
                        $"{prefix}extadd_pairwise_{narrow}{suffix}",
                        v => Build(width, i =>
                            Lane(v[0], half, 2 * i, signed) + Lane(v[0], half, (2 * i) + 1, signed)));
                    Add(
                        $"{narrow}.narrow_i{width}x{lanes}{suffix}",
                        v => Build(half, i => Clamp(Lane(v[i / lanes], width, i % lanes, true), half, signed)));
                }
            }
        }

        Add("i32x4.dot_i16x8_s", v => Build(32, i =>
            (Lane(v[0], 16, 2 * i, true) * Lane(v[1], 16, 2 * i, true)) +
            (Lane(v[0], 16, (2 * i) + 1, true) * Lane(v[1], 16, (2 * i) + 1, true))));
        Add("i16x8.q15mulr_sat_s", v => Build(16, i =>
            Clamp(((Lane(v[0], 16, i, true) * Lane(v[1], 16, i, true)) + 0x4000) >> 15, 16, true)));

        static void Add(string name, Func<byte[][], byte[]> run) => Vectors[name] = (run, Exactness.Bits);
    }

    private static float Single(byte[] vector, int lane) =>
        BinaryPrimitives.ReadSingleLittleEndian(vector.AsSpan(4 * lane));

    private static double Double(byte[] vector, int lane) =>
        BinaryPrimitives.ReadDoubleLittleEndian(vector.AsSpan(8 * lane));

    private static Int128 Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    private static Int128 Bits(double value) => BitConverter.DoubleToUInt64Bits(value);
}
