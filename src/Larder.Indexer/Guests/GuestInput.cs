using Larder.Indexer.State;

namespace Larder.Indexer.Guests;

/// <summary>What a run is given.</summary>
/// <param name="Height">The height that comes before the bytes.</param>
/// <param name="Bytes">A block, or a view's request.</param>
/// <param name="State">What it reads; null for nothing.</param>
/// <param name="IsDryRun">What <c>__is_dry_run</c> answers.</param>
internal readonly record struct GuestInput(uint Height, ReadOnlyMemory<byte> Bytes, StateReader? State, bool IsDryRun);
