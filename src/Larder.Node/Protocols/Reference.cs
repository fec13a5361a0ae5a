using Larder.Cache.Fingerprints;

namespace Larder.Node.Protocols;

/// <summary>Content that an action's result refers to.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Hash">Its digest.</param>
/// <param name="Length">Its length in bytes, as the client said.</param>
internal readonly record struct Reference(ReferenceKind Kind, Fingerprint Hash, long Length);
