namespace Larder.Cache.Artifacts;

/// <summary>How a commit ended, and on success a lease on what is stored now.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Lease">Readable on success; a miss otherwise. The caller disposes it.</param>
public readonly record struct CommitResult(PutOutcome Outcome, ArtifactLease Lease);
