namespace Larder.Fuse.Serving;

/// <summary>What identifies a request.</summary>
/// <param name="Unique">The number that its answer carries, exactly as it came.</param>
/// <param name="Opcode">The operation.</param>
/// <param name="Node">The node.</param>
/// <param name="Caller">Who asks.</param>
internal readonly record struct RequestHead(ulong Unique, uint Opcode, ulong Node, FuseCaller Caller)
{
    /// <summary>Set in the number of a request that was asked for again.</summary>
    internal const ulong ResentBit = 1UL << 63;

    /// <summary>The number that an interrupt of the request carries, however often it was sent.</summary>
    internal ulong Key => Unique & ~ResentBit;
}
