namespace Larder.Symbols;

/// <summary>What is particular to a module.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Version">Its version; empty when it has none.</param>
/// <param name="Symbols">How many symbols it has.</param>
/// <param name="Exports">How many of them can be reached from outside.</param>
public sealed record ModuleData(string Path, string Version, int Symbols, int Exports);
