using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Remote;

namespace Larder.Tests.Node;

/// <summary>A remote store that fails in the way a test asks for.</summary>
internal sealed class FaultyStore(string fault) : IRemoteStore
{
    public static TheoryData<string> Faults => new(
        "throws", "unforeseen", "hangs", "hangs deaf", "truncates", "wrong bytes", "stalls in the body", "breaks in the body");

    public string Name => "faulty";

    public async ValueTask<RemoteArtifact?> GetAsync(ArtifactKey key, ByteRange? range, CancellationToken cancellationToken)
    {
        switch (fault)
        {
            case "throws":
                throw new CacheException(CacheErrorKind.Remote, "As asked.");
            case "unforeseen":
                throw new InvalidOperationException("As asked.");
            case "hangs":
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return null;
            case "hangs deaf":
                await Task.Delay(TimeSpan.FromSeconds(4), CancellationToken.None);
                return null;
            default:
                var metadata = new ArtifactMetadata { Length = 1000, Digest = Fingerprint.OfContent(new byte[1000]) };
                return new RemoteArtifact(metadata, new ByteRange(0, 1000), new FaultyBody(fault));
        }
    }

    public ValueTask<PutOutcome> PutAsync(
        ArtifactKey key, ArtifactMetadata metadata, Stream content, CancellationToken cancellationToken) =>
        throw new CacheException(CacheErrorKind.Remote, "As asked.");

    public ValueTask<bool> ContainsAsync(ArtifactKey key, CancellationToken cancellationToken) =>
        throw new CacheException(CacheErrorKind.Remote, "As asked.");

    public ValueTask<bool> RemoveAsync(ArtifactKey key, CancellationToken cancellationToken) =>
        throw new CacheException(CacheErrorKind.Remote, "As asked.");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class FaultyBody(string fault) : MemoryStream(Content(fault))
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            if (read == 0 && fault == "stalls in the body")
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return read > 0 || fault != "breaks in the body" ? read : throw new IOException("As asked.");
        }

        private static byte[] Content(string fault)
        {
            var content = new byte[fault == "wrong bytes" ? 1000 : 500];
            content[0] = (byte)(fault == "wrong bytes" ? 1 : 0);
            return content;
        }
    }
}
