using Larder.Cache.Artifacts;

namespace Larder.Cache;

/// <summary>
/// Makes a missing artifact: writes its bytes to <paramref name="target"/>. Throwing fails the fill for every waiter;
/// the cache commits when the task ends well. The token is cancelled only when no waiter is left.
/// </summary>
/// <typeparam name="TState">What the fill needs to know; passed through, so that the delegate can be static.</typeparam>
/// <param name="state">The caller's state.</param>
/// <param name="target">Where the bytes go. The fill neither commits nor disposes it.</param>
/// <param name="cancellationToken">Cancelled when every waiter has given up or the cache closes.</param>
/// <returns>What to keep with the bytes; <see cref="ArtifactWriter.AsWritten"/> when there is nothing to add.</returns>
public delegate ValueTask<ArtifactMetadata> ArtifactFill<in TState>(
    TState state, ArtifactWriter target, CancellationToken cancellationToken);
