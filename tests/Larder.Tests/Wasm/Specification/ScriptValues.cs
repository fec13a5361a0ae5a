using System.Globalization;
using System.Text.Json;
using Larder.Wasm;

namespace Larder.Tests.Wasm.Specification;

/// <summary>Values of a script: arguments as the engine takes them, and expected results as patterns.</summary>
internal sealed class ScriptValues
{
    private readonly Dictionary<string, object> _hostObjects = [];

    /// <summary>An argument. The same number of an <c>externref</c> is the same object within a script.</summary>
    public WasmValue Argument(JsonElement value)
    {
        var type = TypeOf(value);
        return type switch
        {
            "externref" => WasmValue.FromExtern(IsNull(value) ? null : HostObject(TextOf(value))),
            "funcref" when IsNull(value) => WasmValue.FromFunction(null),
            "v128" => WasmValue.FromV128(Vector(value)),
            _ => WasmValue.FromBits(NumberType(type), UInt128.Parse(TextOf(value), CultureInfo.InvariantCulture)),
        };
    }

    /// <summary>Whether a result is one that the script allows.</summary>
    /// <param name="expected">What the script says.</param>
    /// <param name="actual">The result.</param>
    /// <param name="exactNaNs">
    /// Whether of the NaNs that the script allows only the canonical one with a positive sign is right.
    /// </param>
    public bool Matches(JsonElement expected, WasmValue actual, bool exactNaNs)
    {
        var type = TypeOf(expected);
        return type switch
        {
            "either" => expected.GetProperty("values").EnumerateArray().Any(value => Matches(value, actual, exactNaNs)),
            "refnull" => IsNullReference(actual),
            "funcref" or "nofuncref" => actual.Type == WasmType.FuncRef && IsNull(expected) == IsNullReference(actual),
            "externref" or "noexternref" => actual.Type == WasmType.ExternRef && MatchesObject(expected, actual),
            "v128" => actual.Type == WasmType.V128 && MatchesLanes(expected, actual.Bits, exactNaNs),
            _ => actual.Type == NumberType(type) && MatchesNumber(type, TextOf(expected), actual.Bits, exactNaNs),
        };
    }

    private bool MatchesObject(JsonElement expected, WasmValue actual)
    {
        if (IsNull(expected) || !expected.TryGetProperty("value", out _))
        {
            return IsNull(expected) == IsNullReference(actual);
        }

        return ReferenceEquals(actual.Reference, HostObject(TextOf(expected)));
    }

    private static bool MatchesLanes(JsonElement expected, UInt128 bits, bool exactNaNs)
    {
        var laneType = expected.GetProperty("lane_type").GetString()!; // Every vector of the suite has one.
        var width = int.Parse(laneType.AsSpan(1), CultureInfo.InvariantCulture);
        foreach (var lane in expected.GetProperty("value").EnumerateArray())
        {
            if (!MatchesNumber(laneType, lane.GetString()!, bits & ((UInt128.One << width) - 1), exactNaNs))
            {
                return false;
            }

            bits >>= width;
        }

        return true;
    }

    // A canonical not-a-number has the highest bit of the payload and no other; an arithmetic one has at least that.
    private static bool MatchesNumber(string type, string expected, UInt128 bits, bool exactNaNs) => (type, expected) switch
    {
        ("f32", "nan:canonical" or "nan:arithmetic") when exactNaNs => (uint)bits == 0x7FC0_0000,
        ("f64", "nan:canonical" or "nan:arithmetic") when exactNaNs => (ulong)bits == 0x7FF8_0000_0000_0000,
        ("f32", "nan:canonical") => ((uint)bits & 0x7FFF_FFFF) == 0x7FC0_0000,
        ("f32", "nan:arithmetic") => ((uint)bits & 0x7FC0_0000) == 0x7FC0_0000,
        ("f64", "nan:canonical") => ((ulong)bits & 0x7FFF_FFFF_FFFF_FFFF) == 0x7FF8_0000_0000_0000,
        ("f64", "nan:arithmetic") => ((ulong)bits & 0x7FF8_0000_0000_0000) == 0x7FF8_0000_0000_0000,
        _ => UInt128.Parse(expected, CultureInfo.InvariantCulture) == bits,
    };

    private static UInt128 Vector(JsonElement value)
    {
        var width = int.Parse(value.GetProperty("lane_type").GetString().AsSpan(1), CultureInfo.InvariantCulture);
        var bits = UInt128.Zero;
        var shift = 0;
        foreach (var lane in value.GetProperty("value").EnumerateArray())
        {
            bits |= UInt128.Parse(lane.GetString()!, CultureInfo.InvariantCulture) << shift;
            shift += width;
        }

        return bits;
    }

    private object HostObject(string number)
    {
        if (!_hostObjects.TryGetValue(number, out var found))
        {
            found = "object " + number;
            _hostObjects.Add(number, found);
        }

        return found;
    }

    private static WasmType NumberType(string type) => type switch
    {
        "i32" => WasmType.I32,
        "i64" => WasmType.I64,
        "f32" => WasmType.F32,
        "f64" => WasmType.F64,
        _ => throw new NotSupportedException($"The engine has no values of type {type}."),
    };

    private static string TypeOf(JsonElement value) => value.GetProperty("type").GetString()!; // Always there.

    private static string TextOf(JsonElement value) => value.GetProperty("value").GetString()!; // Asked where it is there.

    private static bool IsNull(JsonElement value) =>
        value.TryGetProperty("value", out var text) && text.ValueEquals("null"u8);

    private static bool IsNullReference(WasmValue value) => value.Type switch
    {
        WasmType.FuncRef => value.Function is null,
        WasmType.ExternRef => value.Reference is null,
        _ => false,
    };
}
