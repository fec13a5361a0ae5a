using System.Runtime.CompilerServices;
using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Oci.References;

namespace Larder.Oci.Layers;

/// <summary>The names and the shared copies of layers that are kept as one archive each.</summary>
/// <remarks>
/// The bytes are artifacts of the disk tier like all others, within its budget; the names in the directory are links to them, and go
/// when they do.
/// </remarks>
internal sealed class DecompressedLayers : IDisposable
{
    private readonly TieredCache _cache;
    private readonly DecompressedLayerOptions _options;
    private readonly Lock _gate = new();

    // Guarded by _gate: the links of this process, by what they point at.
    private readonly Dictionary<Fingerprint, string> _links = [];

    public DecompressedLayers(TieredCache cache, DecompressedLayerOptions options)
    {
        _cache = cache;
        _options = options;
        if (options.ChunkBytes is < 4096 or > 256 * 1024 * 1024)
        {
            throw new OciException(OciErrorKind.Configuration, "ChunkBytes of decompressed layers must be 4 KiB to 256 MiB.");
        }

        if (options.Directory is not null)
        {
            Directory.CreateDirectory(options.Directory);
            RemoveDeadLinks(options.Directory);
        }

        cache.Events.Removed += OnRemoved;
    }

    /// <summary>The name of a layer's file.</summary>
    public static string FileNameOf(OciDigest blob) => $"layer-{blob.Hex}.decompressed";

    /// <summary>The name of a layer in a content cache.</summary>
    public static string KeyOf(OciDigest blob) => $"clip:oci:layer:decompressed:{blob}";

    /// <summary>The archive of a layer that others have decompressed; null when there is none.</summary>
    public async ValueTask<Stream?> TryOpenAsync(OciDigest blob, CancellationToken cancellationToken)
    {
        if (PathOf(blob) is { } path && new FileInfo(path) is { Exists: true, LinkTarget: null })
        {
            try
            {
                return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.Asynchronous);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The source has it too.
            }
        }

        if (_options.ContentCache is not { } shared)
        {
            return null;
        }

        try
        {
            var first = new byte[_options.ChunkBytes];
            var count = await shared.GetContentAsync(KeyOf(blob), 0, first, cancellationToken).ConfigureAwait(false);
            return count <= 0 ? null : new ContentStream(shared, KeyOf(blob), first, count);
        }
        catch (Exception exception) when (IsTrouble(exception, cancellationToken))
        {
            return null;
        }
    }

    /// <summary>Gives a layer that is on disk its name.</summary>
    public void Link(OciDigest blob, Fingerprint diffId)
    {
        if (PathOf(blob) is not { } path || _cache.Disk is not { } disk)
        {
            return;
        }

        var target = disk.PathOf(new ArtifactKey(LayerKinds.File, diffId));
        try
        {
            if (new FileInfo(path) is { LinkTarget: null, Exists: true })
            {
                return; // Another's file.
            }

            File.Delete(path);
            File.CreateSymbolicLink(path, target);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return; // Names are for others; the layer is served without.
        }

        lock (_gate)
        {
            _links[diffId] = path;
        }
    }

    /// <summary>Gives a layer to the content cache.</summary>
    public async Task ShareAsync(OciDigest blob, ArtifactKey key, CancellationToken cancellationToken)
    {
        try
        {
            using var lease = await _cache.GetAsync(key, cancellationToken).ConfigureAwait(false);
            if (lease.IsHit)
            {
                // Set when this is shared at all.
                await _options.ContentCache!.StoreContentAsync(
                    KeyOf(blob), lease.Metadata.Length, ChunksOf(lease.Content, cancellationToken), cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (IsTrouble(exception, cancellationToken))
        {
            // A shared copy is for others; this node has its own.
        }
    }

    /// <summary>Whether layers are given to a content cache.</summary>
    public bool IsShared => _options.ContentCache is not null;

    /// <inheritdoc/>
    public void Dispose() => _cache.Events.Removed -= OnRemoved;

    private static bool IsTrouble(Exception exception, CancellationToken cancellationToken) =>
        exception is IOException or HttpRequestException or OciException or CacheException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    // What was removed while nobody looked.
    private static void RemoveDeadLinks(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory, "layer-*.decompressed"))
        {
            if (new FileInfo(path) is { LinkTarget: not null } link && link.ResolveLinkTarget(returnFinalTarget: true) is not { Exists: true })
            {
                TryDelete(path);
            }
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A link that leads nowhere is found to do so by whoever follows it.
        }
    }

    private string? PathOf(OciDigest blob) =>
        _options.Directory is null ? null : Path.Combine(Path.GetFullPath(_options.Directory), FileNameOf(blob));

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ChunksOf(
        ArtifactContent content, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = new byte[(int)Math.Min(_options.ChunkBytes, content.Length)];
        for (long offset = 0; offset < content.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = content.Read(offset, buffer);
            offset += count;
            yield return buffer.AsMemory(0, count);
            await Task.Yield();
        }
    }

    private void OnRemoved(EntryRemoved removed)
    {
        if (removed.Tier != TierKind.Disk || removed.Key.Kind != LayerKinds.File)
        {
            return;
        }

        string? path;
        lock (_gate)
        {
            if (!_links.Remove(removed.Key.Fingerprint, out path))
            {
                return;
            }
        }

        TryDelete(path);
    }

    /// <summary>Reads a content chunk by chunk.</summary>
    private sealed class ContentStream(IContentCache cache, string key, byte[] chunk, int first) : Stream
    {
        private int _length = first;
        private int _used;
        private long _fetched = first;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _fetched - _length + _used; set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_used == _length)
            {
                // A chunk that was not full was the last.
                _length = _length < chunk.Length
                    ? 0
                    : Math.Max(await cache.GetContentAsync(key, _fetched, chunk, cancellationToken).ConfigureAwait(false), 0);
                _used = 0;
                _fetched += _length;
            }

            var count = Math.Min(buffer.Length, _length - _used);
            chunk.AsMemory(_used, count).CopyTo(buffer);
            _used += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
