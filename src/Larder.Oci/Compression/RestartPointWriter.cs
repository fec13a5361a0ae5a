using Larder.Cache.Artifacts;

namespace Larder.Oci.Compression;

/// <summary>Writes restart points as an artifact while a blob passes. For one thread.</summary>
internal sealed class RestartPointWriter(ArtifactWriter target) : IAsyncDisposable
{
    private readonly MemoryStream _pending = new();
    private readonly MemoryStream _table = new();
    private long _written;
    private int _count;

    /// <summary>Takes a point.</summary>
    public void Add(in RestartPoint point, ReadOnlySpan<byte> window)
    {
        if (_count >= RestartPointFormat.MaxPoints)
        {
            return;
        }

        var offset = _written + _pending.Position;
        var deflated = window.IsEmpty ? 0 : RestartPointFormat.WriteWindow(_pending, window);
        Span<byte> row = stackalloc byte[RestartPointFormat.RowBytes];
        RestartPointFormat.WriteRow(row, point, offset, deflated, window.Length);
        _table.Write(row);
        _count++;
    }

    /// <summary>Passes on what has gathered.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_pending.Length > 0)
        {
            await target.WriteAsync(_pending.GetBuffer().AsMemory(0, (int)_pending.Length), cancellationToken).ConfigureAwait(false);
            _written += _pending.Length;
            _pending.SetLength(0);
        }
    }

    /// <summary>Completes the artifact. That it is not stored makes later ranges dearer, and nothing else.</summary>
    public async ValueTask CommitAsync(
        BlobFormat format, long blobBytes, long archiveBytes, ArtifactMetadata description, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        var table = _table.ToArray();
        var footer = new byte[RestartPointFormat.FooterBytes];
        RestartPointFormat.WriteFooter(footer, format, _count, blobBytes, archiveBytes, _written, table);
        await target.WriteAsync(table, cancellationToken).ConfigureAwait(false);
        await target.WriteAsync(footer, cancellationToken).ConfigureAwait(false);
        var result = await target.CommitAsync(description, cancellationToken).ConfigureAwait(false);
        result.Lease.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => target.DisposeAsync();
}
