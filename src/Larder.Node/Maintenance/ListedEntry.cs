using Larder.Cache.Fingerprints;

namespace Larder.Node.Maintenance;

/// <summary>One entry of a listing.</summary>
/// <param name="Kind">The family.</param>
/// <param name="Fingerprint">The name within it.</param>
/// <param name="Bytes">Payload length.</param>
/// <param name="UsedAt">When it was last used, to the second.</param>
internal sealed record ListedEntry(string Kind, Fingerprint Fingerprint, long Bytes, DateTimeOffset UsedAt);
