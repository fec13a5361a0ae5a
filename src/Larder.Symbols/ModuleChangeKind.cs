namespace Larder.Symbols;

/// <summary>What happened to a module.</summary>
public enum ModuleChangeKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It was not loaded, and is.</summary>
    Added,

    /// <summary>Its file has another content.</summary>
    Changed,

    /// <summary>Its file is gone.</summary>
    Removed,

    /// <summary>Its file cannot be read as a module any more.</summary>
    Broken,
}
