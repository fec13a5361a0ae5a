using System.Globalization;
using System.Text;
using Larder.Handlers.Engine;

namespace Larder.Tests.Handlers.Engine;

/// <summary>Values that are read where they lie, against what the engine writes itself.</summary>
public sealed class HeapJsonWriterTests : IDisposable
{
    private readonly QuickJsInstance _engine = new(TestEngine.Compiled(), QuickJsLimits.Compiler, QuickJsIntrinsics.Compiler);

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void The_known_engine_has_the_known_layout() => Assert.True(_engine.HasHeapLayout);

    [Theory]
    [InlineData("({ a: 1, b: [true, false, null], c: { d: 'x' } })")]
    [InlineData("({})")]
    [InlineData("[[], [[]], {}]")]
    [InlineData("({ a: undefined, b: 2 })")]
    [InlineData("[undefined, null]")]
    [InlineData("Object.assign(Object.create(null), { a: 1 })")]
    [InlineData("Object.freeze({ a: [1] })")]
    [InlineData("Object.defineProperty({ a: 1 }, 'hidden', { value: 2, enumerable: false })")]
    [InlineData("JSON.parse('{\"__proto__\":1,\"a\":{\"constructor\":2}}')")]
    [InlineData("({ constructor: 1, toString: 2, length: 3, '': 4, '-1': 5, '1.5x': 6 }, { constructor: 1, '-1': 5 })")]
    [InlineData("const d = { a: 1, b: 2 }; delete d.a; d.c = 3; d")]
    [InlineData("const x = {}; for (let i = 0; i < 200; i++) x['k' + i] = i; x")]
    [InlineData("const x = {}; for (let i = 0; i < 200; i++) x['k' + i] = i; for (let i = 0; i < 150; i++) delete x['k' + i]; x.z = 1; x")]
    [InlineData("'\\ud800'")]
    [InlineData("'\\udc00\\ud800x'")]
    [InlineData("'\\ud83d\\ude00 \\u4e00 \\u00e9'")]
    [InlineData("'q\" b\\\\ \\b\\t\\n\\f\\r \\u0000\\u001f\\u007f\\u0080\\u00ff'")]
    [InlineData("({ '\\u00e9 \"\\n': 1, '\\u4e00': 2 })")]
    [InlineData("'0123456789'.repeat(100).slice(5, 900)")]
    [InlineData("'\\u4e000123456789'.repeat(100).slice(5, 900)")]
    [InlineData("const s = 'a\"\\u00e9'.repeat(400); ({ t: s + s + s })")]
    [InlineData("'x'.repeat(9000) + 'y'.repeat(9000) + 'z'.repeat(9000)")]
    [InlineData("[NaN, Infinity, -Infinity, -0, 0.1, 1e21, 1e-7, 123456789012345680000, 5e-324, 0.000001, 0.00001234, 4294967296]")]
    [InlineData("1.5")]
    [InlineData("-2147483648")]
    [InlineData("true")]
    [InlineData("null")]
    public void What_is_plain_is_read_as_the_engine_would_write_it(string source)
    {
        var value = Evaluate(source);

        var isRead = _engine.TryReadJson(value);

        Assert.True(isRead);
        Assert.Equal(Written(value), Encoding.UTF8.GetString(_engine.ReadJson));
    }

    [Theory]
    [InlineData("({ 7: 1, a: 2 })")]
    [InlineData("({ b: 1, '4000000000': 2 })")]
    [InlineData("({ get a() { return 1 } })")]
    [InlineData("({ toJSON() { return 1 } })")]
    [InlineData("({ a: { b: [{ toJSON: 1 }] } })")]
    [InlineData("Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 2, enumerable: false })")]
    [InlineData("class A { x = 1; toJSON() { return 2 } }; new A()")]
    [InlineData("Object.create({ toJSON() { return 1 } })")]
    [InlineData("Object.setPrototypeOf([1], { toJSON() { return 1 } })")]
    [InlineData("Object.prototype.toJSON = function () { return 5 }; ({ a: 1 })")]
    [InlineData("Array.prototype.toJSON = function () { return 5 }; [1]")]
    [InlineData("Object.defineProperty(Object.prototype, 'toJSON', { get() { return () => 5 } }); [{}]")]
    [InlineData("Object.setPrototypeOf(Array.prototype, { toJSON() { return 1 } }); [1]")]
    [InlineData("[, 1]")]
    [InlineData("const a = [1]; a.length = 3; a")]
    [InlineData("const a = [1, 2]; a.x = 1; a")]
    [InlineData("const a = [1, 2]; Object.defineProperty(a, 0, { get() { return 3 } }); a")]
    [InlineData("new Proxy({ a: 1 }, {})")]
    [InlineData("[new Date(0)]")]
    [InlineData("new Map()")]
    [InlineData("new Uint8Array(3)")]
    [InlineData("[new Number(1), new String('x')]")]
    [InlineData("(function () { return arguments })(1, 2)")]
    [InlineData("({ [Symbol('x')]: 1, b: 2 })")]
    [InlineData("({ f: () => 1, b: 2 })")]
    [InlineData("[10n]")]
    [InlineData("const c = {}; c.c = c; c")]
    [InlineData("let d = []; for (let i = 0; i < 100; i++) d = [d]; d")]
    [InlineData("let d = {}; for (let i = 0; i < 40; i++) d = { a: d, b: d }; d")]
    [InlineData("let u = {}; for (let i = 0; i < 1000; i++) u['k' + i] = undefined; Array(10000).fill(u)")]
    [InlineData("let s = 'x'.repeat(9000); for (let i = 0; i < 12; i++) s += s; s")]
    [InlineData("let s = 'x'.repeat(9000); for (let i = 0; i < 4; i++) s += s; Array(10).fill(s)")]
    [InlineData("Symbol()")]
    [InlineData("() => 1")]
    [InlineData("undefined")]
    public void What_runs_code_or_fails_is_left_to_the_engine(string source)
    {
        var value = Evaluate(source);

        Assert.False(_engine.TryReadJson(value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Numbers_are_written_as_the_engine_writes_them(int seed)
    {
        var random = new Random(seed);
        var numbers = new List<double>();
        while (numbers.Count < 5_000)
        {
            var number = numbers.Count % 2 == 0
                ? BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue))
                : Math.Round(random.NextDouble() * Math.Pow(10, random.Next(-10, 25)), random.Next(0, 8));
            if (double.IsFinite(number))
            {
                numbers.Add(number);
            }
        }

        var value = Evaluate($"[{string.Join(',', numbers.Select(static number => number.ToString("R", CultureInfo.InvariantCulture)))}]");

        Assert.True(_engine.TryReadJson(value));
        Assert.Equal(Written(value), Encoding.UTF8.GetString(_engine.ReadJson));
    }

    [Fact]
    public void Memory_that_was_overwritten_at_random_is_read_without_harm()
    {
        const int Seed = 4711;
        var random = new Random(Seed);
        var value = Evaluate("({ a: [1, 'text', { b: 2.5, c: ['x', 'y'] }], d: 'e'.repeat(2000) + 'f'.repeat(9000) })");
        var begin = value.Int32 & ~0xffff;
        var around = _engine.Bytes(begin, 0x10000);
        var before = around.ToArray();

        for (var round = 0; round < 20_000; round++)
        {
            var word = (random.Next(64) == 0 ? random.Next(around.Length) : (value.Int32 - begin) + random.Next(-2048, 2048)) & 0xfffc;
            BitConverter.TryWriteBytes(around[word..], random.Next(4) switch
            {
                0 => random.Next(),
                1 => -random.Next(),
                2 => begin + random.Next(0x10000),
                _ => random.Next(16),
            });

            // Whatever it reads, it ends, and what it says is text.
            if (_engine.TryReadJson(value))
            {
                using var document = System.Text.Json.JsonDocument.Parse(_engine.ReadJson.ToArray(), new() { MaxDepth = 100 });
            }

            before.CopyTo(around);
        }
    }

    private JsValue Evaluate(string source)
    {
        var bytecode = _engine.Compile(Encoding.UTF8.GetBytes(source), "test.js");
        Assert.NotNull(bytecode);
        var value = _engine.Load(bytecode);
        Assert.False(value.IsException);
        return value;
    }

    private string? Written(JsValue value) => _engine.ToText(_engine.Stringify(value));
}
