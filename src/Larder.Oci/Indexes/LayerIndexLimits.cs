namespace Larder.Oci.Indexes;

/// <summary>What an index may hold at most. An archive or a file that asks for more is refused.</summary>
public static class LayerIndexLimits
{
    /// <summary>Entries of a layer.</summary>
    public const int Entries = 8_000_000;

    /// <summary>Bytes of a path or of a link target.</summary>
    public const int PathBytes = 4_096;

    /// <summary>Bytes of all paths and link targets together.</summary>
    public const int AllPathBytes = 512 << 20;

    /// <summary>Extents of a layer.</summary>
    public const int Extents = 16_000_000;

    /// <summary>Objects of a layer.</summary>
    public const int Objects = 8_000_000;

    /// <summary>Extended attributes of an entry.</summary>
    public const int XattrsPerEntry = 256;

    /// <summary>Bytes of the name of an extended attribute.</summary>
    public const int XattrNameBytes = 255;

    /// <summary>Bytes of the value of an extended attribute.</summary>
    public const int XattrValueBytes = 65_536;

    /// <summary>Bytes of all distinct sets of extended attributes together.</summary>
    public const int AllXattrBytes = 64 << 20;
}
