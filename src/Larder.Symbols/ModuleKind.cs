namespace Larder.Symbols;

/// <summary>The family of a module.</summary>
public enum ModuleKind
{
    /// <summary>A .NET assembly.</summary>
    Assembly = 0,

    /// <summary>A WebAssembly module.</summary>
    WebAssembly = 1,
}
