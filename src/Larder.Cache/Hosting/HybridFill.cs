using System.Buffers;
using Larder.Cache.Artifacts;

namespace Larder.Cache.Hosting;

/// <summary>One caller's way of making a value; carries the value past the cache to that caller.</summary>
internal sealed class HybridFill<TState, T>(
    LarderHybridCache owner,
    ArtifactKey key,
    TState state,
    Func<TState, CancellationToken, ValueTask<T>> factory,
    string[] tags,
    TimeSpan expiration)
{
    private T? _value;

    /// <summary>Whether this caller's factory was the one that ran, and ended well.</summary>
    public bool HasValue { get; private set; }

    /// <summary>What it made, if <see cref="HasValue"/>.</summary>
    public T Value => _value!; // HasValue: set, and null only when T allows it.

    public async ValueTask<ArtifactMetadata> RunAsync(ArtifactWriter target, CancellationToken cancellationToken)
    {
        var tagIndex = owner.Tags;
        tagIndex.BeginFill(key, tags);
        try
        {
            var payload = await MakeAsync(cancellationToken).ConfigureAwait(false);
            if (payload.WrittenCount > owner.MaxPayloadBytes)
            {
                throw new HybridFillEnd(payload.WrittenMemory);
            }

            await target.WriteAsync(owner.EnvelopeOf(expiration, tags).Encode(), cancellationToken).ConfigureAwait(false);
            await target.WriteAsync(payload.WrittenMemory, cancellationToken).ConfigureAwait(false);
            return owner.Description();
        }
        finally
        {
            tagIndex.EndFill(key);
        }
    }

    private async ValueTask<ArrayBufferWriter<byte>> MakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            _value = await factory(state, cancellationToken).ConfigureAwait(false);
            var payload = owner.Serialize(_value);
            HasValue = true;
            return payload;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new HybridFillEnd(exception);
        }
    }
}
