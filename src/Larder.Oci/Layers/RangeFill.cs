using Larder.Cache.Artifacts;
using Larder.Oci.Compression;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>Makes one object out of a range of a blob, for the cache.</summary>
/// <remarks>
/// A class, though a tuple would do: what the cache does with it is then compiled ahead of time, and not when the first reader
/// waits for it.
/// </remarks>
internal sealed class RangeFill(
    RangeStretches stretches, RangeFetcher fetcher, LayerIndex index, int number, RestartPoints points, ArtifactContent content)
{
    /// <summary>Writes the object.</summary>
    /// <param name="target">Takes its bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<ArtifactMetadata> RunAsync(ArtifactWriter target, CancellationToken cancellationToken)
    {
        // It outlives whoever asked for it first, so it has a lease on the points of its own.
        if (!content.TryAcquire())
        {
            throw new OciException(OciErrorKind.Storage, "The restart points of a layer were closed while they were used.");
        }

        try
        {
            await stretches.FetchAsync(fetcher, index, number, points, content, target, cancellationToken).ConfigureAwait(false);
            return ArtifactWriter.AsWritten;
        }
        finally
        {
            content.Release();
        }
    }
}
