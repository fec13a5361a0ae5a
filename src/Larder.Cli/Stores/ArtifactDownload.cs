using Larder.Cache.Artifacts;

namespace Larder.Cli.Stores;

/// <summary>An artifact that is open for reading. Disposing gives back the lease or the connection.</summary>
internal sealed class ArtifactDownload : IAsyncDisposable
{
    private readonly IAsyncDisposable? _owner;

    public ArtifactDownload(ArtifactMetadata metadata, TierKind source, Stream content, IAsyncDisposable? owner = null)
    {
        Metadata = metadata;
        Source = source;
        Content = content;
        _owner = owner;
    }

    /// <summary>Length and digest always; the rest where the store knows it.</summary>
    public ArtifactMetadata Metadata { get; }

    /// <summary>Which tier answered; <see cref="TierKind.None"/> when the store does not say.</summary>
    public TierKind Source { get; }

    /// <summary>The payload from its first byte.</summary>
    public Stream Content { get; }

    public async ValueTask DisposeAsync()
    {
        await Content.DisposeAsync().ConfigureAwait(false);
        if (_owner is not null)
        {
            await _owner.DisposeAsync().ConfigureAwait(false);
        }
    }
}
