using System.Text;

namespace Larder.Handlers.Engine;

// Compiling, for engines that were started with it.
internal sealed partial class QuickJsInstance
{
    // The text of the source is not needed to run it; lines and columns are.
    private const int StripSource = 1 << 4;

    /// <summary>Compiles a script without running it.</summary>
    /// <param name="source">The source as UTF-8.</param>
    /// <param name="fileName">Its name in stacks.</param>
    /// <returns>The bytecode; null when it cannot be compiled, and an exception waits.</returns>
    public byte[]? Compile(ReadOnlySpan<byte> source, string fileName)
    {
        var code = Copy(source);
        var name = Copy(Encoding.UTF8.GetBytes(fileName));
        var buffer = _exports.Compile.Call(code, source.Length, name, 0, StripSource, _scratch);
        Free(code);
        Free(name);
        if (buffer == 0)
        {
            return null;
        }

        var bytecode = Bytes(buffer, ReadInt32(_scratch)).ToArray();
        Free(buffer);
        return bytecode;
    }
}
