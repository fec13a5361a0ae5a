namespace Larder.Wasm.Modules;

/// <summary>Bounds of a growable thing, both inclusive: elements of a table, 64 KiB pages of a memory.</summary>
/// <param name="Minimum">Its first size.</param>
/// <param name="Maximum">What it never exceeds; null when the module does not say.</param>
public readonly record struct Limits(ulong Minimum, ulong? Maximum);
