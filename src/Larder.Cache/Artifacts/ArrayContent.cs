namespace Larder.Cache.Artifacts;

/// <summary>Content in an ordinary array. The garbage collector owns it, so leases on it cost nothing.</summary>
public sealed class ArrayContent : ArtifactContent
{
    private readonly ReadOnlyMemory<byte> _payload;

    /// <summary>Wraps bytes that nobody changes any more.</summary>
    /// <exception cref="ArgumentException">The metadata's length is not that of the payload.</exception>
    public ArrayContent(ReadOnlyMemory<byte> payload, ArtifactMetadata metadata)
        : base(metadata, counted: false)
    {
        if (metadata.Length != payload.Length)
        {
            throw new ArgumentException(
                $"The metadata says {metadata.Length} bytes; the payload has {payload.Length}.", nameof(metadata));
        }

        _payload = payload;
    }

    /// <inheritdoc/>
    public override bool TryGetMemory(out ReadOnlyMemory<byte> memory)
    {
        memory = _payload;
        return true;
    }

    /// <inheritdoc/>
    public override int Read(long offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, _payload.Length);
        var source = _payload.Span[(int)offset..];
        var count = Math.Min(source.Length, destination.Length);
        source[..count].CopyTo(destination);
        return count;
    }
}
