namespace Larder.Indexer.Blocks;

/// <summary>A change of branch that an index went along with.</summary>
/// <param name="Time">When it was seen.</param>
/// <param name="Ancestor">Height of the last block that both branches have.</param>
/// <param name="Depth">Blocks that were taken back.</param>
/// <param name="OldTip">Hash of the last block of the branch that was left.</param>
public sealed record Reorganisation(DateTimeOffset Time, uint Ancestor, uint Depth, BlockHash OldTip);
