using Larder.Cache.Artifacts;
using Larder.Oci.Indexes;

namespace Larder.Oci.Layers;

/// <summary>An object that is to be taken out of a stretch of an archive as it passes, and where it goes.</summary>
/// <param name="item">The object.</param>
/// <param name="pieces">Where in the archive its bytes are, in its order.</param>
/// <param name="target">Takes them.</param>
/// <remarks>For one thread at a time.</remarks>
internal sealed class RangeWant(LayerObject item, List<ByteRange> pieces, ArtifactWriter target)
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _piece;
    private long _done;

    /// <summary>Where the first byte stands in the archive.</summary>
    public long Start => item.ArchiveOffset;

    /// <summary>Where the archive need not be read any further.</summary>
    public long End => item.ArchiveOffset + item.ArchiveLength;

    /// <summary>What takes the bytes.</summary>
    public ArtifactWriter Target => target;

    /// <summary>Ends when the target has all bytes, or will not get them.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Says that the target has all bytes.</summary>
    public void Succeed() => _completion.TrySetResult();

    /// <summary>Says why the target does not get them.</summary>
    public void Fail(Exception exception) => _completion.TrySetException(exception);

    /// <summary>Takes what it needs of a chunk of the archive; true when it has all.</summary>
    /// <param name="start">Where the chunk stands in the archive.</param>
    /// <param name="chunk">The bytes that come next.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OciException">The target does not take them.</exception>
    public async ValueTask<bool> TakeAsync(long start, ReadOnlyMemory<byte> chunk, CancellationToken cancellationToken)
    {
        while (_piece < pieces.Count && pieces[_piece].Offset + _done < start + chunk.Length)
        {
            var skip = pieces[_piece].Offset + _done - start;
            if (skip < 0)
            {
                throw new InvalidDataException("the index names bytes out of their order");
            }

            var count = (int)Math.Min(chunk.Length - skip, pieces[_piece].Length - _done);
            var outcome = await target.WriteAsync(chunk.Slice((int)skip, count), cancellationToken).ConfigureAwait(false);
            if (outcome != PutOutcome.Stored)
            {
                throw ObjectPacker.Unstorable(outcome, count);
            }

            _done += count;
            if (_done == pieces[_piece].Length)
            {
                _piece++;
                _done = 0;
            }
        }

        return _piece == pieces.Count;
    }
}
