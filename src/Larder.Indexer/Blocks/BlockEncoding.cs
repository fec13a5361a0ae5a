namespace Larder.Indexer.Blocks;

/// <summary>How blocks are written in files and streams.</summary>
public enum BlockEncoding
{
    /// <summary>
    /// Told by the content: hex where there is nothing but hex digits and white space, else raw. A stream that cannot be looked at
    /// twice is hex.
    /// </summary>
    Auto,

    /// <summary>Hex digits, also after <c>0x</c>; a block a line, or one block over several lines.</summary>
    Hex,

    /// <summary>The bytes themselves: one block a file; in a stream each after its length as 4 bytes, little endian.</summary>
    Raw,
}
