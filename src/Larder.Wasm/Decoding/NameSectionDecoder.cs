using System.Text;
using System.Text.Unicode;

namespace Larder.Wasm.Decoding;

/// <summary>
/// Reads the custom section <c>name</c>. What is damaged ends the reading; what came before it counts.
/// Source: WebAssembly 2.0, appendix 7.4.
/// </summary>
internal static class NameSectionDecoder
{
    private const int ModuleSubsection = 0;
    private const int FunctionSubsection = 1;

    /// <summary>Reads the names.</summary>
    /// <param name="content">The section's content behind its name.</param>
    /// <param name="functionCount">Number of functions; names of others are left out.</param>
    /// <param name="limitBytes">Length from which on a name is left out.</param>
    public static ModuleNames Decode(ReadOnlySpan<byte> content, int functionCount, int limitBytes)
    {
        if (content.IsEmpty)
        {
            return ModuleNames.None;
        }

        string? module = null;
        var functions = new Dictionary<int, string>();
        try
        {
            var reader = new ByteReader(content);
            while (!reader.AtEnd)
            {
                var id = reader.ReadByte();
                var subsection = new ByteReader(reader.ReadBytes(reader.ReadU32()));
                if (id == ModuleSubsection)
                {
                    module = ReadName(ref subsection, limitBytes);
                }
                else if (id == FunctionSubsection)
                {
                    ReadFunctions(ref subsection, functions, functionCount, limitBytes);
                }
            }
        }
        catch (WasmException)
        {
            // Names are a courtesy of whoever made the module: a damaged section is no reason to refuse it.
        }

        return new ModuleNames(module, functions);
    }

    private static void ReadFunctions(
        ref ByteReader reader,
        Dictionary<int, string> functions,
        int functionCount,
        int limitBytes)
    {
        var count = reader.ReadU32();
        for (var index = 0U; index < count; index++)
        {
            var function = reader.ReadIndex();
            var name = ReadName(ref reader, limitBytes);
            if (function < functionCount && name is not null)
            {
                functions.TryAdd(function, name);
            }
        }
    }

    private static string? ReadName(ref ByteReader reader, int limitBytes)
    {
        var bytes = reader.ReadBytes(reader.ReadU32());
        return bytes.Length <= limitBytes && Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
    }
}
