using Larder.Wasm;

namespace Larder.Indexer.Guests;

/// <summary>The state of a guest whose start is over, where that depends on nothing but the module.</summary>
/// <param name="Snapshot">The state.</param>
/// <param name="Fuel">Fuel that the start used; runs that begin here are charged for it.</param>
internal sealed record StartImage(InstanceSnapshot Snapshot, long Fuel);
