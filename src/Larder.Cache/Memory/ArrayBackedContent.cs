using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <summary>A payload in an ordinary array, which lives as long as anyone looks at it.</summary>
internal sealed class ArrayBackedContent(
    ReadOnlyMemory<byte> payload, long arrayLength, ArtifactMetadata metadata, MemoryKindCounters counters)
    : MemoryContent(metadata, counted: false, arrayLength, counters)
{
    public override bool TryGetMemory(out ReadOnlyMemory<byte> memory)
    {
        memory = payload;
        return true;
    }
}
