using System.Globalization;
using System.Text;
using Larder.Wasm.Validation;

namespace Larder.Wasm.Modules;

/// <summary>Names of instructions, for messages.</summary>
internal static class Opcodes
{
    /// <summary>Whether an instruction of the engine has this number.</summary>
    public static bool IsKnown(this Opcode opcode) => opcode >= Opcode.SimdBase
        ? SimdInstructions.Find(opcode - Opcode.SimdBase) is not null
        : Enum.IsDefined(opcode);

    /// <summary>The instruction's name in the text format, or its bytes when it has none.</summary>
    public static string ToText(this Opcode opcode)
    {
        if (opcode >= Opcode.SimdBase)
        {
            var code = opcode - Opcode.SimdBase;
            return SimdInstructions.Find(code)?.Name ?? string.Create(CultureInfo.InvariantCulture, $"fd {code:x2}");
        }

        if (!Enum.IsDefined(opcode))
        {
            return (int)opcode >= 0xFC00
                ? string.Create(CultureInfo.InvariantCulture, $"fc {(int)opcode - 0xFC00:x2}")
                : string.Create(CultureInfo.InvariantCulture, $"{(int)opcode:x2}");
        }

        return opcode == Opcode.SelectTyped ? "select" : Spell(opcode.ToString());
    }

    /// <summary>
    /// Turns the enumeration's spelling into the text format's: words get underscores, the first word of an instruction
    /// that belongs to a type or an index space gets a dot: <c>I64Load32S</c> is <c>i64.load32_s</c>.
    /// </summary>
    private static string Spell(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        var dotted = false;
        for (var index = 0; index < name.Length; index++)
        {
            var letter = name[index];
            if (index > 0 && char.IsUpper(letter))
            {
                var separator = !dotted && IsSpace(text.ToString()) ? '.' : '_';
                dotted |= separator == '.';
                text.Append(separator);
            }

            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }

    private static bool IsSpace(string word) =>
        word is "i32" or "i64" or "f32" or "f64" or "local" or "global" or "table" or "memory" or "data" or "elem" or "ref";
}
