using Larder.Oci.Indexes;
using Larder.Oci.Layers;
using Larder.Oci.Sources;
using Spectre.Console;

namespace Larder.Cli.Images;

/// <summary>Brings all layers of an image to this machine, and shows how far each is and what it waits for.</summary>
internal static class ImagePull
{
    // Requests for single files of a layer, after which its whole stream is the quicker way.
    private const int MaxRequests = 2;
    private const int Parallelism = 8;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Brings them. Layers that are the same, or are here already, cost nothing.</summary>
    public static async Task<PullReport> RunAsync(
        Terminal terminal, ImageSession session, IImageSource source, ResolvedImage image, CancellationToken cancellationToken)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        ImageLayer[] layers = [.. image.Layers.DistinctBy(static layer => layer.DiffId)];
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] imports = [.. layers.Select(layer => BringAsync(session, new LayerOrigin(source, layer), ending.Token))];
        try
        {
            await FollowAsync(terminal, session, source.Name, layers, imports).ConfigureAwait(false);
        }
        finally
        {
            // The first that fails ends the others.
            await ending.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(imports).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var statuses = session.Layers.GetStatuses();
        return PullReport.Of(image) with
        {
            SourceBytes = statuses.Sum(static layer => layer.SourceBytes),
            RemoteBytes = statuses.Sum(static layer => layer.RemoteBytes),
            Seconds = Math.Round(clock.Elapsed.TotalSeconds, 3),
        };
    }

    private static async Task BringAsync(ImageSession session, LayerOrigin origin, CancellationToken cancellationToken)
    {
        var index = await session.Layers.GetIndexAsync(origin, cancellationToken).ConfigureAwait(false);
        if (session.Cache.Remote is not null)
        {
            await TakeFromRemoteAsync(session, origin, index, cancellationToken).ConfigureAwait(false);
        }

        await session.Layers.ImportAsync(origin, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes what other nodes have stored, until it shows that they have not.</summary>
    private static async Task TakeFromRemoteAsync(
        ImageSession session, LayerOrigin origin, LayerIndex index, CancellationToken cancellationToken)
    {
        var requests = session.Layers.GetStatus(index.DiffId)?.SourceRequests ?? 0;
        await Parallel.ForAsync(
            0,
            index.Objects.Length,
            new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
            async (number, token) =>
            {
                if ((session.Layers.GetStatus(index.DiffId)?.SourceRequests ?? 0) - requests <= MaxRequests)
                {
                    using var lease = await session.Layers.OpenObjectAsync(origin, index, number, token).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
    }

    private static async Task FollowAsync(
        Terminal terminal, ImageSession session, string source, ImageLayer[] layers, Task[] imports)
    {
        if (!terminal.ErrorIsTerminal)
        {
            await FirstFailureOrAllAsync(imports).ConfigureAwait(false);
            return;
        }

        await terminal.ErrorConsole.Progress()
            .AutoClear(true)
            .Columns([new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn()])
            .StartAsync(async context =>
            {
                ProgressTask[] bars = [.. layers.Select(layer => context.AddTask("waiting", maxValue: Math.Max(1, layer.Blob.Size)))];
                var all = FirstFailureOrAllAsync(imports);
                while (await Task.WhenAny(all, Task.Delay(Interval)).ConfigureAwait(false) != all)
                {
                    for (var i = 0; i < layers.Length; i++)
                    {
                        Show(bars[i], session, source, layers[i], imports[i]);
                    }
                }

                await all.ConfigureAwait(false);
            }).ConfigureAwait(false);
    }

    private static void Show(ProgressTask bar, ImageSession session, string source, ImageLayer layer, Task import)
    {
        var name = layer.DiffId.Hex[..12];
        var status = layer.DiffId.TryGetFingerprint(out var fingerprint) ? session.Layers.GetStatus(fingerprint) : null;
        if (import.IsCompletedSuccessfully)
        {
            bar.Value = bar.MaxValue;
            bar.Description = $"{name} is here";
            return;
        }

        bar.Value = status?.ReadBytes ?? 0;
        bar.Description = Markup.Escape(status switch
        {
            { Activity: LayerActivity.Queued } => $"{name} waits for its turn",
            { Activity: LayerActivity.Importing, ReadBytes: 0 } => $"{name} waits for {source}",
            { Activity: LayerActivity.Importing } => $"{name} from {source}",
            _ => $"{name} is looked for",
        });
    }

    private static async Task FirstFailureOrAllAsync(Task[] imports)
    {
        await foreach (var import in Task.WhenEach(imports).ConfigureAwait(false))
        {
            await import.ConfigureAwait(false);
        }
    }
}
