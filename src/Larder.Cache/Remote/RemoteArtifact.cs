using Larder.Cache.Artifacts;

namespace Larder.Cache.Remote;

/// <summary>An artifact, or a part of one, on its way from a remote store. Nothing about it is verified yet.</summary>
public sealed class RemoteArtifact : IAsyncDisposable
{
    /// <summary>Wraps an open artifact.</summary>
    /// <param name="metadata">What the store says of the whole artifact.</param>
    /// <param name="range">The payload bytes that <paramref name="content"/> gives.</param>
    /// <param name="content">The bytes; disposed with this object. It throws when it ends early.</param>
    public RemoteArtifact(ArtifactMetadata metadata, ByteRange range, Stream content)
    {
        Metadata = metadata;
        Range = range;
        Content = content;
    }

    /// <summary>What the store says of the whole artifact.</summary>
    public ArtifactMetadata Metadata { get; }

    /// <summary>The payload bytes that <see cref="Content"/> gives.</summary>
    public ByteRange Range { get; }

    /// <summary>
    /// The bytes, exactly as many as <see cref="Range"/> says. A body that ends early, or that nothing is heard of
    /// for too long, throws a <see cref="CacheException"/>.
    /// </summary>
    public Stream Content { get; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Content.DisposeAsync();
}
