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
    RegionCode[] Regions)
{
    /// <summary>
    /// The function itself, where this method only looks whether the stack has room for it; else null. It is numbered
    /// after the regions, and their numbers are its own.
    /// </summary>
    public MethodCode? Body { get; init; }

    /// <summary>
    /// Whether it counts the depth of calls. It is not put into its callers then: their frame would be larger by its own, which
    /// their units do not know of.
    /// </summary>
    public bool CountsDepth { get; init; }

    /// <summary>How many methods belong to this one.</summary>
    public int Parts => Regions.Length + (Body is null ? 0 : 1);
}
