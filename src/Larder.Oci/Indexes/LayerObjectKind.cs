namespace Larder.Oci.Indexes;

/// <summary>How an object holds the bytes of files. The numbers are those of the encoded index.</summary>
public enum LayerObjectKind : byte
{
    /// <summary>One regular file, whole, as the archive stores it.</summary>
    File = 0,

    /// <summary>Small files one behind the other.</summary>
    Pack = 1,
}
