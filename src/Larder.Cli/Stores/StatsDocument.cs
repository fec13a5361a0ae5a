using Larder.Cache.Diagnostics;

namespace Larder.Cli.Stores;

/// <summary>What the command reads of a node's <c>/v1/stats</c>.</summary>
internal sealed record StatsDocument(StatsDocumentNode? Node, IReadOnlyList<TierStatistics>? Tiers);
