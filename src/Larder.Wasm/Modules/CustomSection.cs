namespace Larder.Wasm.Modules;

/// <summary>A custom section. The engine reads <c>name</c>; everything else is for the module's users.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Content">Its bytes, a window of the module.</param>
public sealed record CustomSection(string Name, ReadOnlyMemory<byte> Content);
