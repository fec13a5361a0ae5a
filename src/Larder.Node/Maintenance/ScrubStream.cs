using System.Text.Json;
using System.Threading.Channels;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Node.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Maintenance;

/// <summary>
/// Re-reads stored entries and reports as it goes: one line of JSON after another, the last of which says that it is done.
/// </summary>
internal static class ScrubStream
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(500);

    public static async Task RunAsync(NodeRequest request, ArtifactKind? kind, CancellationToken cancellationToken)
    {
        request.Http.Response.StatusCode = StatusCodes.Status200OK;
        request.Http.Response.ContentType = "application/x-ndjson";
        request.Http.Response.Headers.CacheControl = "no-store";
        var disk = request.Services.Store.Cache.Disk;
        if (disk is null)
        {
            await WriteAsync(request, new ScrubLine(0, 0, 0, true), cancellationToken).ConfigureAwait(false);
        }
        else if (kind is null)
        {
            await ScrubAllAsync(request, disk, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await ScrubKindAsync(request, disk, kind.Value, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task ScrubAllAsync(NodeRequest request, DiskTier disk, CancellationToken cancellationToken)
    {
        // The newest report is the only one worth sending.
        var reports = Channel.CreateBounded<ScrubProgress>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        var work = disk.ScrubAsync(new ChannelProgress(reports.Writer), cancellationToken);
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, Task.Delay(ReportEvery, request.Services.Clock, cancellationToken)).ConfigureAwait(false);
            if (reports.Reader.TryRead(out var progress))
            {
                await WriteAsync(request, new ScrubLine(progress.Entries, progress.Bytes, progress.Damaged, false), cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        var report = await work.ConfigureAwait(false);
        await WriteAsync(request, new ScrubLine(report.Entries, report.Bytes, report.Damaged, true), cancellationToken).ConfigureAwait(false);
    }

    private static async Task ScrubKindAsync(
        NodeRequest request, DiskTier disk, ArtifactKind kind, CancellationToken cancellationToken)
    {
        var clock = request.Services.Clock;
        var reportedAt = clock.GetTimestamp();
        var line = new ScrubLine(0, 0, 0, false);
        foreach (var entry in disk.List(kind))
        {
            var state = await EntryCheck.RunAsync(request.Services.Store, entry.Key, cancellationToken).ConfigureAwait(false);
            line = line with
            {
                Entries = line.Entries + 1,
                Bytes = line.Bytes + entry.Length,
                Damaged = line.Damaged + (state == EntryState.Damaged ? 1 : 0),
            };
            if (clock.GetElapsedTime(reportedAt) >= ReportEvery)
            {
                reportedAt = clock.GetTimestamp();
                await WriteAsync(request, line, cancellationToken).ConfigureAwait(false);
            }
        }

        await WriteAsync(request, line with { Done = true }, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask WriteAsync(NodeRequest request, ScrubLine line, CancellationToken cancellationToken)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, NodeJson.Default.ScrubLine), (byte)'\n'];
        await request.Http.Response.BodyWriter.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
    }

    private sealed class ChannelProgress(ChannelWriter<ScrubProgress> writer) : IProgress<ScrubProgress>
    {
        public void Report(ScrubProgress value) => writer.TryWrite(value);
    }
}
