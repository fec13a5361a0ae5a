using System.Globalization;
using System.Text;
using Larder.Handlers.Engine;

namespace Larder.Tests.Handlers.Engine;

/// <summary>Values that enter the engine in its binary form, against those that its own parser makes.</summary>
public sealed class ValueEncoderTests : IDisposable
{
    private readonly QuickJsInstance _engine = new(TestEngine.Compiled(), QuickJsLimits.Compiler, QuickJsIntrinsics.Compiler);
    private readonly JsValue _same;

    public ValueEncoderTests()
    {
        // Object.is of every part, with keys in order, prototypes, holes, and what JSON does not show.
        _same = Evaluate(
            """
            (function same(a, b) {
              if (typeof a !== 'object' || a === null) return Object.is(a, b);
              if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b) || Array.isArray(a) !== Array.isArray(b)) return false;
              const keys = Reflect.ownKeys(a), others = Reflect.ownKeys(b);
              return keys.length === others.length && keys.every((key, index) => key === others[index] && same(a[key], b[key]));
            })
            """);
    }

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void The_known_engine_reads_the_known_form() => Assert.NotEqual(0, _engine.ValueVersion);

    [Theory]
    [InlineData("""{"a":1,"b":[true,false,null],"c":{"d":"x"}}""")]
    [InlineData(""" [ 1 , 2 , { "a" : [ ] , "b" : { } } ] """)]
    [InlineData("""{"a":1,"a":2,"b":3,"a":{"a":4}}""")]
    [InlineData("""{"__proto__":{"x":1},"constructor":2,"toString":3,"toJSON":4,"length":5,"":6}""")]
    [InlineData("""{"b":1,"7":2,"0":3,"07":4,"00":5,"-1":6,"1.5":7,"2147483647":8,"2147483648":9,"4294967294":10,"4294967296":11,"a":12}""")]
    [InlineData("""[0,-0,-0.0,0.0,1,-1,1.0,1e0,1e2,-1E+2,10e-1,0.1,-2.5e-3,123456789,1234567890,-123456789,2147483647,2147483648]""")]
    [InlineData("""[-2147483648,-2147483649,9007199254740993,1e308,1e309,-1e999,5e-324,1e-400,0.30000000000000004]""")]
    [InlineData("\"\\u0000\\u001f\\\"\\\\\\/\\b\\f\\n\\r\\t \\u00e9\\u00ff\\u0100\\ud83d\\ude00\"")]
    [InlineData("""["\ud800","\udc00\ud800x","\u00e9","\u4e00 and \u00e9"]""")]
    [InlineData("{\"\u00e9\":1,\"\u4e00\":2,\"\\u0061\":3,\"a\":4,\"\\u00e9\":5,\"x\\n\":6,\"\\u0037x\":7,\"7\u00e9\":8}")]
    [InlineData("[\"\u00e9\",\"\u4e00\",\"\U0001f600\",\"a\u00ff\"]")]
    [InlineData("""[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]""")]
    [InlineData("\"text\"")]
    [InlineData("12.5")]
    [InlineData("null")]
    public void Values_are_those_that_the_parser_makes(string json) => AssertSame(json);

    [Fact]
    public void Objects_with_many_members_are_the_same()
    {
        AssertSame("{" + string.Join(',', Enumerable.Range(0, 3_000).Select(number => $"\"key {number % 2_000}\":[{number}]")) + "}");
        AssertSame("[" + string.Join(',', Enumerable.Range(0, 20_000)) + "]");
        AssertSame($"[{string.Join(',', Enumerable.Repeat($"[{string.Join(',', Enumerable.Repeat("{\"a\":[1]}", 200))}]", 200))}]");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_value_is_the_same(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            AssertSame(Random(random, 0));
        }
    }

    [Theory]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\" 1}")]
    [InlineData("[1 2]")]
    [InlineData("[1,]")]
    [InlineData("\"open")]
    [InlineData("\"\\x\"")]
    [InlineData("\"\\u12\"")]
    [InlineData("nul")]
    [InlineData("{\"\\u0037\":1}")]
    [InlineData("1 2")]
    [InlineData("--1")]
    [InlineData("")]
    [InlineData("{")]
    public void What_is_no_json_is_left_to_the_parser(string json) => Assert.False(new ValueEncoder().TryEncode(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Bytes_that_are_no_text_and_great_depth_are_left_to_the_parser()
    {
        Assert.False(new ValueEncoder().TryEncode([(byte)'"', 0xff, (byte)'"']));
        Assert.False(new ValueEncoder().TryEncode([(byte)'"', 0xc3, (byte)'"']));
        Assert.False(new ValueEncoder().TryEncode(Encoding.UTF8.GetBytes(new string('[', 100) + new string(']', 100))));
    }

    [Fact]
    public void An_encoder_remembers_nothing_of_the_value_before()
    {
        var (used, fresh) = (new ValueEncoder(), new ValueEncoder());
        Assert.True(used.TryEncode(Encoding.UTF8.GetBytes("""{"first":1,"second":[{"third":2,"\u00e9":3}]}""")));
        var second = """{"third":1,"fourth":{"first":2}}"""u8;

        Assert.True(used.TryEncode(second));
        Assert.True(fresh.TryEncode(second));

        Assert.Equal(Encoded(fresh), Encoded(used));
    }

    private static byte[] Encoded(ValueEncoder encoder)
    {
        var bytes = new byte[encoder.Length];
        encoder.TakeTo(bytes, 1);
        return bytes;
    }

    private static string Random(Random random, int depth) => random.Next(depth > 4 ? 4 : 7) switch
    {
        0 => random.Next(3) switch { 0 => "true", 1 => "false", _ => "null" },
        1 => random.Next(-200, 200).ToString(CultureInfo.InvariantCulture),
        2 => (random.NextDouble() * Math.Pow(10, random.Next(-20, 20))).ToString("R", CultureInfo.InvariantCulture),
        3 or 4 => Text(random),
        5 => $"[{string.Join(',', Enumerable.Range(0, random.Next(8)).Select(_ => Random(random, depth + 1)))}]",
        _ => $"{{{string.Join(',', Enumerable.Range(0, random.Next(8)).Select(_ => $"{Text(random)}:{Random(random, depth + 1)}"))}}}",
    };

    private static string Text(Random random)
    {
        string[] parts = ["a", "b", "key", "7", "12", "\\n", "\\u00e9", "\\ud83d", "\\ude00", "\u00e9", "\u4e00", "\U0001f600", "\\\"", " "];
        return $"\"{string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => parts[random.Next(parts.Length)]))}\"";
    }

    private void AssertSame(string json)
    {
        var utf8 = Encoding.UTF8.GetBytes(json);
        Assert.True(_engine.TryParseEncoded(utf8, out var encoded), json);
        var parsed = _engine.ParseText(utf8);
        Assert.False(parsed.IsException || encoded.IsException, json);

        Assert.True(_engine.Call(_same, parsed, encoded) == JsValue.FromBoolean(true), json);

        // Text that was parsed again can be written, and is found by names that the engine knew before.
        Assert.Equal(_engine.ToText(_engine.Stringify(parsed)), _engine.ToText(_engine.Stringify(encoded)));
        _engine.FreeValue(parsed);
        _engine.FreeValue(encoded);
    }

    private JsValue Evaluate(string source)
    {
        var bytecode = _engine.Compile(Encoding.UTF8.GetBytes(source), "test.js");
        Assert.NotNull(bytecode);
        return _engine.Load(bytecode);
    }
}
