namespace Larder.Node.Http;

/// <summary>What a client hears when handling its request failed in a way that nobody foresaw.</summary>
internal enum Unhandled : byte
{
    /// <summary>503 with a sentence: for pages, statistics and maintenance.</summary>
    Report,

    /// <summary>A read is a miss (404), a write is accepted and dropped (200): for build tools.</summary>
    Miss,
}
