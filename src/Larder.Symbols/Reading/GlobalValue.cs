using System.Globalization;
using Larder.Wasm.Modules;

namespace Larder.Symbols.Reading;

/// <summary>The value of a global that never changes.</summary>
internal static class GlobalValue
{
    /// <summary>The value as text; null when it is known only at instantiation.</summary>
    /// <param name="module">The module.</param>
    /// <param name="index">Among the globals that the module defines.</param>
    public static string? Of(WasmModule module, int index)
    {
        var initial = module.DefinedGlobals[index].Initial;
        return initial.Kind switch
        {
            Opcode.I32Const => ((int)initial.Value).ToString(CultureInfo.InvariantCulture),
            Opcode.I64Const => ((long)initial.Value).ToString(CultureInfo.InvariantCulture),
            Opcode.F32Const => BitConverter.UInt32BitsToSingle((uint)initial.Value).ToString("R", CultureInfo.InvariantCulture),
            Opcode.F64Const => BitConverter.UInt64BitsToDouble(initial.Value).ToString("R", CultureInfo.InvariantCulture),
            _ => null,
        };
    }
}
