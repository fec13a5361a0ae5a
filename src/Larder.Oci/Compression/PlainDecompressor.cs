namespace Larder.Oci.Compression;

/// <summary>Passes on an archive that is not compressed.</summary>
internal sealed class PlainDecompressor : Decompressor
{
    private int _handed;

    /// <inheritdoc/>
    public override BlobFormat Format => BlobFormat.Plain;

    /// <summary>Begins somewhere in the archive.</summary>
    public PlainDecompressor StartAt(long offset)
    {
        Offset = CompressedOffset = offset;
        return this;
    }

    /// <inheritdoc/>
    public override DecompressorStatus Read(out ReadOnlyMemory<byte> chunk)
    {
        Consume(_handed);
        Offset += _handed;
        chunk = InputMemory;
        _handed = chunk.Length;
        return _handed > 0 ? DecompressorStatus.Chunk
            : IsInputComplete ? DecompressorStatus.End
            : DecompressorStatus.NeedsInput;
    }
}
