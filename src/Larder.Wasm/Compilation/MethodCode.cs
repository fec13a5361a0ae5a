namespace Larder.Wasm.Compilation;

/// <summary>The code of one method, ready but for its tokens.</summary>
/// <param name="Code">Instructions.</param>
/// <param name="Relocations">Where tokens go.</param>
/// <param name="Locals">Types of the locals; references are native integers.</param>
/// <param name="MaxStack">Values that can be on the stack at once.</param>
/// <param name="Regions">Parts of it that are methods of their own, by number.</param>
internal sealed record MethodCode(
    byte[] Code,
    Relocation[] Relocations,
    WasmType[] Locals,
    int MaxStack,
    RegionCode[] Regions);
