namespace Larder.Cache.Diagnostics;

/// <summary>What a tier has made durable since it was opened, in entries, and what it still has to.</summary>
/// <param name="Pending">Committed and not durable yet.</param>
/// <param name="Durable">Durable: it survives a power cut, or the remote store has confirmed it.</param>
/// <param name="Failed">Given up or dropped; the artifact may still be read from an upper tier.</param>
public readonly record struct DurabilityReport(long Pending, long Durable, long Failed)
{
    /// <summary>The two tiers together.</summary>
    public static DurabilityReport operator +(DurabilityReport left, DurabilityReport right) => Add(left, right);

    /// <summary>The two tiers together.</summary>
    public static DurabilityReport Add(DurabilityReport left, DurabilityReport right) => new(
        left.Pending + right.Pending, left.Durable + right.Durable, left.Failed + right.Failed);
}
