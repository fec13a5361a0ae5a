using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <summary>What the memory tier holds of one artifact.</summary>
internal abstract class MemoryContent : ArtifactContent
{
    /// <summary>
    /// What an entry costs besides its payload, the array's header included and metadata of usual size: the content and
    /// metadata objects, the slot, the bucket and the policy's arrays. Measured by <c>ArtifactMemoryTierWeightTests</c>.
    /// </summary>
    public const int OverheadBytes = 352;

    protected MemoryContent(ArtifactMetadata metadata, bool counted, long payloadFootprint, MemoryKindCounters counters)
        : base(metadata, counted)
    {
        Weight = payloadFootprint + OverheadBytes + MetadataBytes(metadata);
        Counters = counters;
        PayloadLength = metadata.Length;
    }

    /// <summary>Payload length in bytes, kept beside what else a hit reads.</summary>
    public long PayloadLength { get; }

    /// <summary>What the entry costs in all, in bytes.</summary>
    public long Weight { get; }

    /// <summary>Where the entry's kind is counted.</summary>
    public MemoryKindCounters Counters { get; }

    /// <summary>What metadata costs beyond its fixed size: the recipe, the owner's name and the attributes.</summary>
    public static long MetadataBytes(ArtifactMetadata metadata)
    {
        const int StringBytes = 24;
        const int NodeBytes = 64;
        var bytes = (long)metadata.Recipe.Length + (metadata.Owner is null ? 0 : StringBytes + (2L * metadata.Owner.Length));
        foreach (var (name, value) in metadata.Attributes)
        {
            bytes += NodeBytes + (2 * StringBytes) + (2L * (name.Length + value.Length));
        }

        return bytes;
    }

    /// <summary>The cache holds this no more: gives its reference back.</summary>
    public void Leave()
    {
        if (IsCounted)
        {
            Retire();
            Release();
        }
    }

    public override int Read(long offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        if (!TryGetMemory(out var memory))
        {
            return 0;
        }

        var source = memory.Span[(int)offset..];
        var count = Math.Min(source.Length, destination.Length);
        source[..count].CopyTo(destination);
        return count;
    }
}
