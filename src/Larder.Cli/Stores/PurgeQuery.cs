using Larder.Cache.Artifacts;

namespace Larder.Cli.Stores;

/// <summary>What to remove: everything that meets every condition that is set.</summary>
/// <param name="Kind">Only this kind.</param>
/// <param name="Owner">Only of this owner.</param>
/// <param name="UnusedFor">Only what was not used for so long.</param>
/// <param name="DryRun">Count, but remove nothing.</param>
internal sealed record PurgeQuery(ArtifactKind? Kind, string? Owner, TimeSpan? UnusedFor, bool DryRun);
