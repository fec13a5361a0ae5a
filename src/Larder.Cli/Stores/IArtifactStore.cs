using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cli.Stores;

/// <summary>What the commands work on: a running node, or a cache directory. For one command at a time.</summary>
internal interface IArtifactStore : IAsyncDisposable
{
    /// <summary>What and where it is, for sentences.</summary>
    string Description { get; }

    /// <summary>One snapshot of all counters.</summary>
    Task<StoreStatistics> GetStatisticsAsync(CancellationToken cancellationToken);

    /// <summary>Opens an artifact for reading; null when it is not there.</summary>
    Task<ArtifactDownload?> OpenAsync(ArtifactKey key, CancellationToken cancellationToken);

    /// <summary>Stores an artifact; returns how that ended.</summary>
    Task<PutOutcome> PutAsync(ArtifactUpload upload, CancellationToken cancellationToken);

    /// <summary>Lists one page of entries.</summary>
    Task<ListPage> ListAsync(ListQuery query, CancellationToken cancellationToken);

    /// <summary>Says in which components a recipe differs from the nearest one that was asked for before.</summary>
    Task<MissExplanation> ExplainAsync(Recipe recipe, CancellationToken cancellationToken);

    /// <summary>Reads one artifact again and checks it against its digest; what fails is set aside.</summary>
    Task<VerifyResult> VerifyAsync(ArtifactKey key, CancellationToken cancellationToken);

    /// <summary>Reads everything again and checks it against its digests; what fails is set aside.</summary>
    /// <param name="kind">Only this kind; null for all.</param>
    /// <param name="progress">Told how many entries were checked so far.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    Task<ScrubResult> ScrubAsync(ArtifactKind? kind, IProgress<ScrubResult> progress, CancellationToken cancellationToken);

    /// <summary>Removes what the query names.</summary>
    Task<PurgeResult> PurgeAsync(PurgeQuery query, CancellationToken cancellationToken);
}
