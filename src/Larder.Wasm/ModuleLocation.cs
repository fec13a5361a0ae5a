using System.Globalization;
using System.Text;

namespace Larder.Wasm;

/// <summary>A place in the binary form of a module.</summary>
/// <param name="Section">The section's name as in the specification (<c>code</c>, <c>type</c>), or null.</param>
/// <param name="Offset">Byte offset from the start of the module; -1 when unknown.</param>
/// <param name="Function">Index of the function in the module's function index space; -1 outside of functions.</param>
public readonly record struct ModuleLocation(string? Section, long Offset, int Function = -1)
{
    /// <summary>Whether this names no place: the default value.</summary>
    public bool IsNowhere => Section is null && Offset <= 0;

    /// <summary>The place in words, for messages.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (Function >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"function {Function}, ");
        }

        if (Section is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"{Section} section, ");
        }

        text.Append(CultureInfo.InvariantCulture, $"offset {Offset} (0x{Offset:x})");
        return text.ToString();
    }
}
