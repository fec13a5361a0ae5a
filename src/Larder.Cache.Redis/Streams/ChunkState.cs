namespace Larder.Cache.Redis.Streams;

/// <summary>What has become of a chunk that was asked for.</summary>
internal enum ChunkState
{
    /// <summary>It is as it was written.</summary>
    Sound,

    /// <summary>The server has dropped it.</summary>
    Gone,

    /// <summary>It is another, or of another length.</summary>
    Damaged,
}
