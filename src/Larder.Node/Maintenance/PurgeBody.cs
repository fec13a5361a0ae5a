namespace Larder.Node.Maintenance;

/// <summary>The answer to a purge.</summary>
/// <param name="Entries">Entries that were removed, or would be.</param>
/// <param name="Bytes">Their payload, in bytes.</param>
internal sealed record PurgeBody(long Entries, long Bytes);
