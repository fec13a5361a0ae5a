using System.Collections.Immutable;

namespace Larder.Handlers.Capabilities;

/// <summary>
/// What a handler may do: a set of tokens, <c>state:read:KEY</c>, <c>state:write:KEY</c>, <c>events:emit:NAME</c>,
/// <c>view:update:ID</c>, <c>ext:NAME</c>, <c>crypto:random</c> and <c>time:now</c>, where the last part of the first five may
/// be <c>*</c>. A wildcard covers its own family only; writing does not imply reading. Immutable; for any number of threads.
/// </summary>
public sealed class CapabilitySet
{
    private CapabilitySet(ImmutableArray<string> tokens) => Tokens = tokens;

    /// <summary>Nothing is granted.</summary>
    public static CapabilitySet None { get; } = new([]);

    /// <summary>The tokens, in ordinal order, each once.</summary>
    public ImmutableArray<string> Tokens { get; }
}
