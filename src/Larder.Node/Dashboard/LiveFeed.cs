using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Dashboard;

/// <summary>
/// Pushes every sample to a bounded number of clients as server-sent events. Each client waits for the next sample on
/// its own and gets the newest one: a slow client skips samples instead of queueing them, and one that takes nothing
/// for <see cref="SendTimeout"/> is dropped.
/// </summary>
/// <remarks>Source: the HTML standard, section "Server-sent events". Safe for use by many threads.</remarks>
internal sealed class LiveFeed(StatisticsHistory history, int maxClients, TimeProvider time, ILogger logger)
{
    /// <summary>The content type of the stream.</summary>
    public const string ContentType = "text/event-stream; charset=utf-8";

    /// <summary>Time without a sample after which a comment keeps the connection open.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <summary>Longest that one message may take to be taken.</summary>
    public static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private int _clients;

    // The newest message and its sample's number, so that it is written once for all clients. Guarded by _gate.
    private byte[] _message = [];
    private long _messageSequence = -1;

    /// <summary>Clients that listen now.</summary>
    public int Clients => Volatile.Read(ref _clients);

    /// <summary>
    /// Serves one client until it leaves or <paramref name="draining"/> fires; false when there are too many already
    /// and nothing was answered.
    /// </summary>
    public async Task<bool> TryServeAsync(HttpContext context, CancellationToken draining)
    {
        if (Interlocked.Increment(ref _clients) > maxClients)
        {
            Interlocked.Decrement(ref _clients);
            return false;
        }

        try
        {
            await ServeAsync(context, draining).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            DashboardLog.LiveClientLost(logger, exception);
            if (!draining.IsCancellationRequested)
            {
                context.Abort();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _clients);
        }

        return true;
    }

    private async Task ServeAsync(HttpContext context, CancellationToken draining)
    {
        var response = context.Response;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, draining);
        await SendAsync(context, "retry: 2000\n\n"u8.ToArray()).ConfigureAwait(false);
        var sent = -1L;
        while (!draining.IsCancellationRequested)
        {
            // Taken before the message, so that no sample that comes meanwhile is missed; one that came between the two is
            // announced again although it was sent.
            var next = history.NextSample;
            var (message, sequence) = Newest();
            if (sequence != sent)
            {
                await SendAsync(context, message).ConfigureAwait(false);
                sent = sequence;
            }

            while (!await SampledAsync(next, either.Token).ConfigureAwait(false))
            {
                await SendAsync(context, ": still here\n\n"u8.ToArray()).ConfigureAwait(false);
            }

            // Without a newer sample nothing is sent that would find out that the client has left.
            context.RequestAborted.ThrowIfCancellationRequested();
        }

        await SendAsync(context, "event: drain\ndata: {}\n\n"u8.ToArray()).ConfigureAwait(false);
    }

    /// <summary>True when the sample came or the node drains, false when it is time for a heartbeat.</summary>
    private async Task<bool> SampledAsync(Task next, CancellationToken either)
    {
        try
        {
            await next.WaitAsync(Heartbeat, time, either).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    private (byte[] Message, long Sequence) Newest()
    {
        lock (_gate)
        {
            var report = history.Live();
            if (report.Sequence != _messageSequence)
            {
                var json = JsonSerializer.SerializeToUtf8Bytes(report, DashboardJson.Default.LiveReport);
                _message = [.. "event: sample\ndata: "u8, .. json, .. "\n\n"u8];
                _messageSequence = report.Sequence;
            }

            return (_message, _messageSequence);
        }
    }

    private async Task SendAsync(HttpContext context, byte[] message)
    {
        using var patience = new CancellationTokenSource(SendTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, patience.Token);
        await context.Response.Body.WriteAsync(message, either.Token).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(either.Token).ConfigureAwait(false);
    }
}
