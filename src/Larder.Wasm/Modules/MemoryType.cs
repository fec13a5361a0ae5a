namespace Larder.Wasm.Modules;

/// <summary>The type of a linear memory.</summary>
/// <param name="Limits">In pages of 64 KiB.</param>
/// <param name="Is64">Whether addresses are 64-bit.</param>
public readonly record struct MemoryType(Limits Limits, bool Is64 = false);
