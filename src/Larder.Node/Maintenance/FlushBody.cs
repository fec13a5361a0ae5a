namespace Larder.Node.Maintenance;

/// <summary>The answer to a flush.</summary>
/// <param name="Pending">Artifacts that still wait.</param>
/// <param name="Durable">Artifacts that were made durable.</param>
/// <param name="Failed">Artifacts that could not be.</param>
internal sealed record FlushBody(long Pending, long Durable, long Failed);
