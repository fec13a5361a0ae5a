namespace Larder.Symbols;

/// <summary>What is particular to a constant.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Value">Its value as text, the same on every machine.</param>
public sealed record ConstantData(string Type, string Value);
