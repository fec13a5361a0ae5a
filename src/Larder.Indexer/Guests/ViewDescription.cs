namespace Larder.Indexer.Guests;

/// <summary>A view as the module's own metadata describes it.</summary>
/// <param name="Name">Name of the export.</param>
/// <param name="InputType">What it takes, in the words of whoever wrote the module; empty when not told.</param>
/// <param name="OutputType">What it answers.</param>
public sealed record ViewDescription(string Name, string InputType, string OutputType);
