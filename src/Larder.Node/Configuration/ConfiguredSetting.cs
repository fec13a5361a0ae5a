namespace Larder.Node.Configuration;

/// <summary>One setting as <c>larder config</c> shows it.</summary>
/// <param name="Name">Its name, such as <c>memory.capacity</c>.</param>
/// <param name="Value">Its value as text, in the form that the file and the flags take; secrets are replaced by stars.</param>
/// <param name="Origin">Where the value came from.</param>
/// <param name="Source">The file, variable or flag that said it; null for a default.</param>
/// <param name="Help">One sentence.</param>
public sealed record ConfiguredSetting(string Name, string Value, SettingOrigin Origin, string? Source, string Help);
