namespace Larder.Node.Protocols;

/// <summary>What a digest in an action's result refers to.</summary>
internal enum ReferenceKind : byte
{
    /// <summary>The content of a file, or of standard output or error.</summary>
    File,

    /// <summary>A Tree message, which refers to more files.</summary>
    Tree,
}
