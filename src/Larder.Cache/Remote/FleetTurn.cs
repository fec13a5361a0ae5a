using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

/// <summary>
/// A node's turn to make an artifact that others wait for. Its lease is renewed by the tier until the turn is over: when
/// the artifact has been uploaded, or at once when it was not made.
/// </summary>
internal sealed class FleetTurn(ArtifactKey key, byte[] token)
{
    private readonly TaskCompletionSource<bool> _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ArtifactKey Key { get; } = key;

    public byte[] Token { get; } = token;

    /// <summary>Completes with whether the artifact was made.</summary>
    public Task<bool> Over => _over.Task;

    /// <summary>Ends the turn.</summary>
    /// <param name="made">Whether the artifact was made, so that its upload has to be waited for.</param>
    public void End(bool made) => _over.TrySetResult(made);
}
