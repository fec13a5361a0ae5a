namespace Larder.Symbols;

/// <summary>What is true of a symbol beside its kind and visibility.</summary>
[Flags]
public enum SymbolTraits
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Belongs to its type and not to an instance; of a type, that it has no instances.</summary>
    Static = 1,

    /// <summary>Has no body of its own.</summary>
    Abstract = 2,

    /// <summary>May be overridden.</summary>
    Virtual = 4,

    /// <summary>May not be derived from or overridden.</summary>
    Sealed = 8,

    /// <summary>Overrides another.</summary>
    Override = 16,

    /// <summary>Cannot be written after it was made.</summary>
    ReadOnly = 32,

    /// <summary>Its code is elsewhere.</summary>
    Extern = 64,

    /// <summary>Marked obsolete.</summary>
    Deprecated = 128,

    /// <summary>An extension method, or a type that has some.</summary>
    Extension = 256,

    /// <summary>Made by a compiler; nobody wrote it.</summary>
    Generated = 512,

    /// <summary>A property that can be read.</summary>
    Readable = 1024,

    /// <summary>A property that can be written.</summary>
    Writable = 2048,

    /// <summary>Imported by its module from another.</summary>
    Imported = 4096,

    /// <summary>Reachable from outside its module: it and all that surrounds it are public or protected.</summary>
    Exported = 8192,

    /// <summary>An asynchronous method, as far as its compiler says so.</summary>
    Async = 16384,

    /// <summary>A type with at least one constructor.</summary>
    HasConstructor = 32768,
}
