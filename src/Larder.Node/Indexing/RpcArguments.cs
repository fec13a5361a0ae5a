using System.Globalization;
using System.Text.Json;

namespace Larder.Node.Indexing;

/// <summary>The parameters of one call, each taken once and in order, with one sentence for each that is wrong.</summary>
internal sealed class RpcArguments
{
    private readonly JsonElement[] _values;
    private readonly string _method;
    private int _taken;

    public RpcArguments(string method, JsonElement request)
    {
        _method = method;
        if (!request.TryGetProperty("params", out var values) || values.ValueKind == JsonValueKind.Null)
        {
            _values = [];
            return;
        }

        _values = values.ValueKind == JsonValueKind.Array
            ? [.. values.EnumerateArray()]
            : throw RpcException.Params($"'params' of {method} must be an array, not an object or a value.");
    }

    /// <summary>A name that must be there.</summary>
    public string Name(string what) => Next() is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 and <= 1024 } name
        ? name
        : throw Wrong(what, "a text of 1 to 1024 characters");

    /// <summary>Bytes in hex, with <c>0x</c> before them or not.</summary>
    public byte[] Bytes(string what)
    {
        if (Next() is not { ValueKind: JsonValueKind.String } value)
        {
            throw Wrong(what, "a text of hex digits");
        }

        var text = value.GetString().AsSpan();
        text = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        if (text.Length % 2 != 0)
        {
            throw Wrong(what, $"whole bytes in hex, not {text.Length} digits");
        }

        var bytes = GC.AllocateUninitializedArray<byte>(text.Length / 2);
        return Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : throw Wrong(what, "a text of hex digits");
    }

    /// <summary>A height: a number, its decimal digits, or <c>latest</c>, which is null; also null where it may be left out and is.</summary>
    public uint? Height(bool mayBeLeftOut = true)
    {
        const string What = "the height";
        const string Form = "a block's number, or \"latest\"";
        if (Next() is not { ValueKind: not JsonValueKind.Null } value)
        {
            return mayBeLeftOut ? null : throw Wrong(What, Form);
        }

        return value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetUInt32(out var number) => number,
            JsonValueKind.String when value.ValueEquals("latest"u8) => null,
            JsonValueKind.String when uint.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
            _ => throw Wrong(What, Form),
        };
    }

    /// <summary>Refuses what is left.</summary>
    public void End()
    {
        if (_taken < _values.Length)
        {
            throw RpcException.Params($"{_method} takes {(_taken == 0 ? "no parameters" : $"at most {_taken}")}; there are {_values.Length}.");
        }
    }

    private JsonElement? Next() => _taken++ < _values.Length ? _values[_taken - 1] : null;

    private RpcException Wrong(string what, string form) =>
        RpcException.Params($"Parameter {_taken} of {_method}, {what}, {(_taken > _values.Length ? "is missing: it" : string.Empty)} must be {form}.".Replace("  ", " ", StringComparison.Ordinal));
}
