namespace Larder.Tests.Wasm.Runtime;

internal static partial class SimdReference
{
    /// <summary>
    /// Arithmetic of both widths in 64 bits: for 32-bit operands, one operation in 64 bits rounded once more is the
    /// 32-bit operation, because 53 bits are more than twice 24 and two.
    /// </summary>
    private static void Floats(int width)
    {
        var prefix = width == 32 ? "f32x4." : "f64x2.";
        var exactness = width == 32 ? Exactness.F32 : Exactness.F64;
        var sign = Int128.One << (width - 1);

        Unary("sqrt", Math.Sqrt);
        Unary("ceil", a => NumericsReference.Round(a, 1));
        Unary("floor", a => NumericsReference.Round(a, -1));
        Unary("trunc", a => NumericsReference.Round(a, 0));
        Unary("nearest", a => NumericsReference.Round(a, 2));
        Binary("add", (a, b) => a + b);
        Binary("sub", (a, b) => a - b);
        Binary("mul", (a, b) => a * b);
        Binary("div", (a, b) => a / b);
        Binary("min", NumericsReference.Min);
        Binary("max", NumericsReference.Max);
        Raw("abs", (v, i) => Lane(v[0], width, i, false) & (sign - 1));
        Raw("neg", (v, i) => Lane(v[0], width, i, false) ^ sign);
        Raw("pmin", (v, i) => Lane(v[Get(v[1], i) < Get(v[0], i) ? 1 : 0], width, i, false));
        Raw("pmax", (v, i) => Lane(v[Get(v[0], i) < Get(v[1], i) ? 1 : 0], width, i, false));
        Compare("eq", (a, b) => a == b);
        Compare("ne", (a, b) => a != b);
        Compare("lt", (a, b) => a < b);
        Compare("gt", (a, b) => a > b);
        Compare("le", (a, b) => a <= b);
        Compare("ge", (a, b) => a >= b);

        double Get(byte[] vector, int lane) => width == 32 ? Single(vector, lane) : Double(vector, lane);

        Int128 Put(double value) => width == 32 ? Bits((float)value) : Bits(value);

        void Unary(string name, Func<double, double> number) =>
            Vectors[prefix + name] = (v => Build(width, i => Put(number(Get(v[0], i)))), exactness);

        void Binary(string name, Func<double, double, double> number) =>
            Vectors[prefix + name] = (v => Build(width, i => Put(number(Get(v[0], i), Get(v[1], i)))), exactness);

        void Raw(string name, Func<byte[][], int, Int128> lane) =>
            Vectors[prefix + name] = (v => Build(width, i => lane(v, i)), Exactness.Bits);

        void Compare(string name, Func<double, double, bool> test) =>
            Raw(name, (v, i) => test(Get(v[0], i), Get(v[1], i)) ? -1 : 0);
    }

    private static void Conversions()
    {
        foreach (var signed in new[] { true, false })
        {
            var suffix = signed ? "_s" : "_u";
            Add("i32x4.trunc_sat_f32x4" + suffix, 32, Exactness.Bits, (v, i) => Saturate(Single(v, i), signed));
            Add(
                $"i32x4.trunc_sat_f64x2{suffix}_zero",
                32,
                Exactness.Bits,
                (v, i) => i < 2 ? Saturate(Double(v, i), signed) : 0);
            Add(
                "f32x4.convert_i32x4" + suffix,
                32,
                Exactness.Bits,
                (v, i) => Bits((float)NumericsReference.Nearest((long)Lane(v, 32, i, signed), 24)));
            Add(
                "f64x2.convert_low_i32x4" + suffix,
                64,
                Exactness.Bits,
                (v, i) => Bits((double)(long)Lane(v, 32, i, signed)));
        }

        Add(
            "f32x4.demote_f64x2_zero",
            32,
            Exactness.F32,
            (v, i) => i < 2 ? Bits(NumericsReference.Demote(Double(v, i))) : 0);
        Add("f64x2.promote_low_f32x4", 64, Exactness.F64, (v, i) => Bits((double)Single(v, i)));

        static void Add(string name, int width, Exactness exactness, Func<byte[], int, Int128> lane) =>
            Vectors[name] = (v => Build(width, i => lane(v[0], i)), exactness);

        static Int128 Saturate(double value, bool signed) => (long)NumericsReference.Saturate(
            value, signed ? int.MinValue : 0, signed ? int.MaxValue : uint.MaxValue);
    }
}
