using System.Collections.Immutable;
using System.Globalization;
using Larder.Wasm;
using Larder.Wasm.Modules;

namespace Larder.Cli.Wasm;

/// <summary>Arguments of a function as the command line writes them.</summary>
internal static class GuestValues
{
    /// <exception cref="CommandException">Their number is wrong, or one is not of its type.</exception>
    public static WasmValue[] Parse(string function, FunctionType type, ImmutableArray<string> words)
    {
        if (words.Length != type.Parameters.Length)
        {
            throw CommandException.Usage(
                $"'{function}' has the type {type}, and {words.Length} {(words.Length == 1 ? "argument was" : "arguments were")} given.");
        }

        return [.. words.Select((word, index) => Parse(word, type.Parameters[index])
            ?? throw CommandException.Usage($"'{word}' is not {Name(type.Parameters[index])}, which '{function}' takes there."))];
    }

    /// <summary>The type's name in the text format.</summary>
    public static string Name(WasmType type) => type.ToString().ToLowerInvariant();

    private static WasmValue? Parse(string word, WasmType type) => type switch
    {
        WasmType.I32 => Integer(word) is { } number && number >= int.MinValue && number <= uint.MaxValue
            ? WasmValue.FromI32(unchecked((int)(long)number))
            : null,
        WasmType.I64 => Integer(word) is { } number && number >= long.MinValue && number <= ulong.MaxValue
            ? WasmValue.FromI64(unchecked((long)number))
            : null,
        WasmType.F32 => float.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
        WasmType.F64 => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
        _ => null,
    };

    private static Int128? Integer(string word)
    {
        var parsed = word.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? Int128.TryParse("0" + word[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            : Int128.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
        return parsed ? number : null;
    }
}
