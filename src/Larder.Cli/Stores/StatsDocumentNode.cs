namespace Larder.Cli.Stores;

/// <summary>The node's part of <c>/v1/stats</c>.</summary>
internal sealed record StatsDocumentNode(string? Version, string? State, string? DataDirectory, double UptimeSeconds);
