using System.Runtime.ExceptionServices;

namespace Larder.Cache.Hosting;

/// <summary>
/// Ends a fill without a commit and tells everyone who waited for it why: the factory failed, or the value is good but
/// too large to be kept. So what the factory throws is told apart from what the cache throws. Never leaves the adapter.
/// </summary>
#pragma warning disable CA1064 // Nobody outside can catch it, because nobody outside sees it.
internal sealed class HybridFillEnd : Exception
#pragma warning restore CA1064
{
    private readonly ExceptionDispatchInfo? _failure;

    public HybridFillEnd(Exception failure)
        : base("The factory failed.", failure) => _failure = ExceptionDispatchInfo.Capture(failure);

    public HybridFillEnd(ReadOnlyMemory<byte> payload)
        : base("The value is too large to be kept.") => Payload = payload;

    /// <summary>The serialized value, when there is one.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Throws what the factory threw, if it did.</summary>
    public void ThrowIfFailed() => _failure?.Throw();
}
