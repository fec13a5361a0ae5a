using Larder.Oci.Indexes;

namespace Larder.Oci.Archives;

/// <summary>An entry of an archive, with what extended headers say of it. One object serves all entries of a reader.</summary>
internal sealed class TarEntry
{
    private readonly ByteBuffer _path = new();
    private readonly ByteBuffer _target = new();

    /// <summary>Type, mode, owner, logical size, time and device.</summary>
    public LayerEntry Fixed { get; set; }

    /// <summary>The path as the archive has it, whatever bytes it is of.</summary>
    public ReadOnlySpan<byte> Path => _path.Span;

    /// <summary>The target of a link; empty for everything else.</summary>
    public ReadOnlySpan<byte> LinkTarget => _target.Span;

    /// <summary>Extended attributes in the order in which they came.</summary>
    public List<LayerXattr> Xattrs { get; } = [];

    /// <summary>The pieces of a sparse file, ascending; empty for a file that is stored whole.</summary>
    public List<SparsePiece> Pieces { get; } = [];

    /// <summary>Whether <see cref="Pieces"/> says where the stored bytes belong.</summary>
    public bool IsSparse { get; set; }

    /// <summary>Bytes of the file that the archive stores.</summary>
    public long StoredBytes { get; set; }

    /// <summary>Where the entry's first header begins in the archive.</summary>
    public long HeaderOffset { get; set; }

    /// <summary>Where the file's first stored byte is.</summary>
    public long DataOffset { get; set; }

    internal ByteBuffer PathBuffer => _path;

    internal ByteBuffer TargetBuffer => _target;
}
