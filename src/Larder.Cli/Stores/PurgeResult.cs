namespace Larder.Cli.Stores;

/// <summary>What was removed, or would be.</summary>
/// <param name="Entries">Entries.</param>
/// <param name="Bytes">Their weight, in bytes.</param>
internal readonly record struct PurgeResult(long Entries, long Bytes);
