using System.Security.Cryptography;
using System.Text;

namespace Larder.Handlers.Engine;

/// <summary>
/// The text around a handler's source that makes a script of it whose value is the handler's function. Its first line is
/// the only one before the source, so that a line in the script is one more than in the source and columns are equal.
/// </summary>
internal static class HandlerScript
{
    /// <summary>The name of the script in stacks.</summary>
    public const string FileName = "handler.js";

    /// <summary>Lines of the script before those of the source.</summary>
    public const int LinesBefore = 1;

    /// <summary>The version of this text; part of the name of everything that is made from it.</summary>
    public const string Version = "1";

    /// <summary>The script.</summary>
    public static byte[] For(ReadOnlySpan<byte> source) => [.. "(async function handler() {\n"u8, .. source, .. "\n})"u8];

    /// <summary>
    /// A script that compiles only if the source is a function body by itself. Without it a source could close the function
    /// and go on outside of it. The script ends by leaving a block whose label the source cannot know, for it is made from
    /// the source's hash: what has closed the block, or the function around it, does not compile.
    /// </summary>
    public static byte[] ProbeFor(ReadOnlySpan<byte> source)
    {
        var label = Encoding.ASCII.GetBytes("l" + Convert.ToHexStringLower(SHA256.HashData(source)));
        return
        [
            .. "(async function handler() { "u8, .. label, .. ": {\n"u8, .. source, .. "\nbreak "u8, .. label, .. "; } })"u8,
        ];
    }
}
