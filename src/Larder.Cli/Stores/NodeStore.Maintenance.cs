using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Sizing;

namespace Larder.Cli.Stores;

/// <content>Listing, explaining and maintenance.</content>
internal sealed partial class NodeStore
{
    public async Task<ListPage> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        var path = Query(
            "v1/entries",
            ("kind", query.Filter.Kind?.Name),
            ("prefix", query.Filter.Prefix.Length == 0 ? null : query.Filter.Prefix),
            ("minBytes", query.Filter.MinBytes == 0 ? null : Number(query.Filter.MinBytes)),
            ("unusedSeconds", Seconds(query.UnusedFor)),
            ("sort", query.Order.ToString().ToLowerInvariant()),
            ("descending", query.Descending ? "true" : null),
            ("limit", Number(query.Limit)),
            ("skip", query.Skip == 0 ? null : Number(query.Skip)));
        using var answer = await AskAsync(HttpMethod.Get, path, null, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(answer, CliJson.Default.ListPage, cancellationToken).ConfigureAwait(false);
    }

    public async Task<MissExplanation> ExplainAsync(Recipe recipe, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(recipe, CliJson.Default.Recipe));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await AskAsync(HttpMethod.Post, "v1/explain", content, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(answer, CliJson.Default.MissExplanation, cancellationToken).ConfigureAwait(false);
    }

    public async Task<VerifyResult> VerifyAsync(ArtifactKey key, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Post, $"v1/verify/{key}"), cancellationToken).ConfigureAwait(false);
        await EnsureAsync(answer, cancellationToken).ConfigureAwait(false);
        var body = await ReadAsync(answer, CliJson.Default.JsonElement, cancellationToken).ConfigureAwait(false);
        var result = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("result", out var word) ? word.GetString() : null;
        return Enum.TryParse<VerifyResult>(result, ignoreCase: true, out var known)
            ? known
            : throw new CommandException(ExitCodes.Failure, $"{Description} could not read {key}: {result ?? "no reason given"}; its log says more.");
    }

    public async Task<ScrubResult> ScrubAsync(
        ArtifactKind? kind, IProgress<ScrubResult> progress, CancellationToken cancellationToken)
    {
        var path = Query("v1/scrub", ("kind", kind?.Name));
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Post, path), cancellationToken).ConfigureAwait(false);
        await EnsureAsync(answer, cancellationToken).ConfigureAwait(false);

        // One line of JSON after another as the work goes on; the last one says that it is done.
        var body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var lines = new StreamReader(new AnswerStream(body, answer, Description));
        while (await lines.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            var report = JsonSerializer.Deserialize(line, CliJson.Default.ScrubLine)
                ?? throw new CommandException(ExitCodes.Failure, $"{Description} sent an empty report.");
            var result = new ScrubResult(report.Entries, report.Bytes, report.Damaged);
            if (report.Done)
            {
                return result;
            }

            progress.Report(result);
        }

        throw new CommandException(ExitCodes.Failure, $"{Description} broke off before everything was read; its log says why.");
    }

    public async Task<PurgeResult> PurgeAsync(PurgeQuery query, CancellationToken cancellationToken)
    {
        var path = Query(
            "v1/purge",
            ("kind", query.Kind?.Name),
            ("owner", query.Owner),
            ("unusedSeconds", Seconds(query.UnusedFor)),
            ("dryRun", query.DryRun ? "true" : null));
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Post, path), cancellationToken).ConfigureAwait(false);
        await EnsureAsync(answer, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(answer, CliJson.Default.PurgeResult, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks how large the tiers should be.</summary>
    public async Task<SizingPlan> PlanAsync(double? target, CancellationToken cancellationToken)
    {
        var path = Query("v1/plan", ("target", target?.ToString("R", CultureInfo.InvariantCulture)));
        using var answer = await AskAsync(HttpMethod.Get, path, null, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(answer, CliJson.Default.SizingPlan, cancellationToken).ConfigureAwait(false);
    }

    private static string? Seconds(TimeSpan? time) => time is { } known ? Number((long)known.TotalSeconds) : null;

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Query(string path, params (string Name, string? Value)[] parameters)
    {
        var query = string.Join('&', parameters
            .Where(static parameter => parameter.Value is not null)
            .Select(static parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}"));
        return query.Length == 0 ? path : $"{path}?{query}";
    }
}
