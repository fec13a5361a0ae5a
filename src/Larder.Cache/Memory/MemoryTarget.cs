using Larder.Cache.Arenas;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Memory;

/// <summary>Room for one payload that is being written: an array or a block. Becomes content, or is freed.</summary>
internal readonly struct MemoryTarget
{
    private readonly byte[]? _array;
    private readonly Arena? _arena;
    private readonly ArenaBlock _block;

    public MemoryTarget(byte[] array) => _array = array;

    public MemoryTarget(Arena arena, ArenaBlock block)
    {
        _arena = arena;
        _block = block;
    }

    /// <summary>Where the bytes go; empty for the default value.</summary>
    public Span<byte> Span => _arena is not null ? _arena.GetSpan(_block) : _array;

    /// <summary>Makes content of it, whose first reference is the caller's.</summary>
    public MemoryContent ToContent(ArtifactMemoryTier tier, ArtifactMetadata metadata, MemoryKindCounters counters)
    {
        if (_arena is null)
        {
            return new ArrayBackedContent(_array, Span.Length, metadata, counters);
        }

        var content = new ArenaContent(_arena, _block, metadata, counters, tier.OnDamage);
        _arena.Attach(_block, content);
        return content;
    }

    /// <summary>Gives the room back.</summary>
    public void Free() => _arena?.Free(_block);
}
