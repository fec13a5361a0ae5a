namespace Larder.Wasm.Modules;

/// <summary>One export of a module.</summary>
/// <param name="Name">Its name, unique in the module.</param>
/// <param name="Kind">What is exported.</param>
/// <param name="Index">Index in the index space of the kind, imports first.</param>
public sealed record ModuleExport(string Name, ExternKind Kind, int Index);
