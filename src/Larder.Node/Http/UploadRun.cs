using System.Buffers;
using Larder.Cache.Artifacts;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Http;

/// <summary>
/// One body on its way into one writer. A tier that takes longer than its deadline is left to end by itself: the
/// writer and the buffer stay untouched until it has. For one caller.
/// </summary>
internal sealed class UploadRun : IAsyncDisposable
{
    // Small network reads are gathered to this size before they are written to a file.
    private const int GatherBytes = 64 * 1024;

    private readonly NodeRequest _request;
    private readonly ArtifactWriter _writer;
    private readonly long _limit;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(GatherBytes);

    // The operation that passed its deadline; null while none did.
    private Task? _overdue;
    private bool _hasTurn;
    private int _filled;
    private long _total;

    public UploadRun(NodeRequest request, ArtifactWriter writer, long limit)
    {
        _request = request;
        _writer = writer;
        _limit = limit;
    }

    /// <summary>Copies the body and commits. The client's faults are thrown, the tiers' are outcomes.</summary>
    public async ValueTask<UploadResult> StoreAsync(ArtifactMetadata description)
    {
        var store = _request.Services.Store;
        try
        {
            var outcome = await CopyAsync().ConfigureAwait(false);
            if (outcome != PutOutcome.Stored)
            {
                return new UploadResult(outcome, IsEndless: _total > _limit);
            }

            await TakeTurnAsync().ConfigureAwait(false);
            var committed = await WithinDeadlineAsync(_writer.CommitAsync(description, CancellationToken.None))
                .ConfigureAwait(false);
            GiveTurnBack();
            using var artifact = store.Track(committed.Lease);
            _request.Services.Metrics.CountReceived(_writer.BytesWritten);
            return new UploadResult(committed.Outcome, Digest: artifact.IsHit ? artifact.Metadata.Digest : default);
        }
        catch (Exception exception) when (exception is not BadHttpRequestException)
        {
            store.ReportWrite(_writer.Key, exception);
            return new UploadResult(PutOutcome.Unavailable, exception is TimeoutException ? "timeout" : null);
        }
    }

    /// <summary>Aborts what was not committed; later, when a tier still holds on to it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_overdue is null)
        {
            await EndAsync().ConfigureAwait(false);
        }
        else
        {
            _request.Services.Store.Abandon(EndLaterAsync(_overdue));
        }
    }

    private async ValueTask<PutOutcome> CopyAsync()
    {
        var body = _request.Http.Request.BodyReader;
        while (true)
        {
            var read = await BlobUpload.ReadAsync(body).ConfigureAwait(false);
            var end = read.Buffer.End;
            _total += read.Buffer.Length;
            var outcome = _total > _limit ? PutOutcome.TooLarge : await TakeAsync(read.Buffer).ConfigureAwait(false);
            body.AdvanceTo(end);
            if (outcome != PutOutcome.Stored)
            {
                return outcome;
            }

            if (read.IsCompleted)
            {
                return await WriteAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<PutOutcome> TakeAsync(ReadOnlySequence<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = (int)Math.Min(bytes.Length, GatherBytes - _filled);
            bytes.Slice(0, count).CopyTo(_buffer.AsSpan(_filled));
            bytes = bytes.Slice(count);
            _filled += count;
            if (_filled == GatherBytes)
            {
                var outcome = await WriteAsync().ConfigureAwait(false);
                if (outcome != PutOutcome.Stored)
                {
                    return outcome;
                }
            }
        }

        return PutOutcome.Stored;
    }

    private async ValueTask<PutOutcome> WriteAsync()
    {
        if (_filled == 0)
        {
            return PutOutcome.Stored;
        }

        var bytes = _buffer.AsMemory(0, _filled);
        _filled = 0;
        await TakeTurnAsync().ConfigureAwait(false);
        var outcome = await WithinDeadlineAsync(_writer.WriteAsync(bytes, CancellationToken.None)).ConfigureAwait(false);
        GiveTurnBack();
        return outcome;
    }

    private async ValueTask TakeTurnAsync()
    {
        var services = _request.Services;
        if (!await services.WriteTurns.WaitAsync(services.Options.StoreDeadline).ConfigureAwait(false))
        {
            throw new TimeoutException("No turn to write came within the deadline.");
        }

        _hasTurn = true;
    }

    private void GiveTurnBack()
    {
        if (_hasTurn)
        {
            _hasTurn = false;
            _request.Services.WriteTurns.Release();
        }
    }

    private ValueTask<TResult> WithinDeadlineAsync<TResult>(ValueTask<TResult> operation) =>
        operation.IsCompleted ? operation : AwaitAsync(operation.AsTask());

    private async ValueTask<TResult> AwaitAsync<TResult>(Task<TResult> operation)
    {
        var services = _request.Services;
        try
        {
            return await operation.WaitAsync(services.Options.StoreDeadline, services.Clock).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!operation.IsCompleted)
        {
            _overdue = operation;
            throw;
        }
    }

    private async Task EndLaterAsync(Task overdue)
    {
        await overdue.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (overdue is Task<CommitResult> { IsCompletedSuccessfully: true } committed)
        {
            (await committed.ConfigureAwait(false)).Lease.Dispose();
        }

        await EndAsync().ConfigureAwait(false);
    }

    private ValueTask EndAsync()
    {
        GiveTurnBack();
        ArrayPool<byte>.Shared.Return(_buffer);
        return _writer.DisposeAsync();
    }
}
