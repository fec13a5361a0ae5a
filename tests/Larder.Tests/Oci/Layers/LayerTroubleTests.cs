using System.Security.Cryptography;
using System.Text;
using Larder.Oci;
using Larder.Oci.Layers;
using Larder.Oci.Manifests;
using Larder.Oci.References;
using Larder.Oci.Sources;
using Larder.Tests.Disk;
using Larder.Tests.Oci.Compression;
using Larder.Tests.Oci.Support;
using ArtifactByteRange = Larder.Cache.Artifacts.ByteRange;

namespace Larder.Tests.Oci.Layers;

/// <summary>Kills, full disks and layers of unusual measure.</summary>
public sealed class LayerTroubleTests
{
    [Fact]
    public async Task A_kill_in_the_middle_of_a_pass_leaves_nothing_wrong()
    {
        using var folder = new TestFolder();
        var (archive, files) = LayerChild.Layer();
        var blob = BlobForms.Gzip(archive);
        for (var round = 1; round <= 4; round++)
        {
            using var child = LayerChild.Start(folder["cache"]);
            while (await child.StandardOutput.ReadLineAsync() is { } line)
            {
                // Each round gets further, the last to the end.
                if (line == "done" || (round < 4 && long.Parse(line, System.Globalization.CultureInfo.InvariantCulture) > blob.Length * round / 4))
                {
                    break;
                }
            }

            child.Kill();
            await child.WaitForExitAsync();
            var (cache, store) = await LayerChild.OpenAsync(folder["cache"]);
            await using (cache)
            {
                await using (store)
                {
                    await cache.Disk!.Recovered;
                    var entries = cache.Disk.List().ToArray();
                    Assert.True(round < 4 || entries.Any(static entry => entry.Key.Kind == LayerKinds.Index));
                    foreach (var entry in entries)
                    {
                        using var lease = await cache.GetAsync(entry.Key);
                        Assert.True(lease.IsHit, $"{entry.Key} is not whole.");
                    }

                    if (round == 4)
                    {
                        var source = new MemorySource();
                        var origin = source.Add(archive, blob);
                        await LayerFixture.AssertHoldsAsync(store, origin, await store.GetIndexAsync(origin), files);
                        Assert.Equal(0, source.Requests);
                    }
                }
            }
        }
    }

    [Fact]
    public async Task A_full_disk_is_a_clear_error_and_leaves_nothing_behind()
    {
        using var mount = DiskMount.Temporary(3_000_000);
        var (cache, store) = await LayerChild.OpenAsync(mount.Root);
        await using (cache)
        {
            await using (store)
            {
                // Less than the capacity, and more than the disk.
                var source = new MemorySource();
                var archive = new TarBuilder()
                    .File("fits", InflaterTests.Random(1, 900_000))
                    .File("does not", InflaterTests.Random(2, 5_000_000))
                    .ToArray();
                var origin = source.Add(archive, archive);

                var exception = await Assert.ThrowsAsync<OciException>(() => store.GetIndexAsync(origin).AsTask());

                Assert.Equal(OciErrorKind.Storage, exception.Kind);
                Assert.Equal(1, source.Requests);
                Assert.Equal(0, cache.Disk!.GetStatistics().ReservedBytes);
                cache.Disk.CheckIntegrity();
            }
        }
    }

    [Fact]
    public async Task A_million_files_take_one_pass_and_bounded_memory()
    {
        const int Files = 1_000_000;
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync();
        var (diffId, length) = ManyFilesStream.Measure(Files);
        var source = new ManyFilesSource(Files);
        var origin = new LayerOrigin(
            source,
            new ImageLayer(new Descriptor { MediaType = "layer", Digest = OciDigest.Of("many"u8), Size = length }, diffId));

        var index = await store.GetIndexAsync(origin);

        Assert.Equal(Files, index.Count);
        Assert.Equal("d/999999"u8.ToArray(), index.GetPath(Files - 1).ToArray());
        Assert.Empty(index.Objects.ToArray());
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, 600_000_000);

        // And again from what is kept.
        Assert.Equal(Files, (await store.GetIndexAsync(origin)).Count);
        Assert.Equal(1, source.Requests);
    }

    [Fact]
    public async Task Names_that_lead_out_of_a_layer_stay_bytes_of_its_index()
    {
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync();
        string[] names = ["../../etc/passwd", "/etc/shadow", "a/../../b", "./x", "//y", "..", "a//b/."];
        var tar = new TarBuilder();
        foreach (var name in names)
        {
            tar.File(name, name);
        }

        var archive = tar.ToArray();
        var index = await store.GetIndexAsync(fixture.Source.Add(archive, archive));

        Assert.Equal(names, Enumerable.Range(0, index.Count).Select(entry => Encoding.UTF8.GetString(index.GetPath(entry))));
        Assert.Empty(Directory.GetFiles(fixture.Folder, "*passwd*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task An_empty_blob_and_an_empty_archive_are_layers_without_entries()
    {
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync();

        Assert.Equal(0, (await store.GetIndexAsync(fixture.Source.Add(new byte[1024], BlobForms.Gzip(new byte[1024])))).Count);
        Assert.Equal(0, (await store.GetIndexAsync(fixture.Source.Add([], []))).Count);
    }

    [Fact]
    public async Task A_source_that_stays_away_fails_the_pass_when_patience_ends_and_works_afterwards()
    {
        await using var fixture = new LayerFixture();
        var (_, store) = await fixture.OpenAsync(LayerFixture.Options with { Patience = TimeSpan.FromMilliseconds(50) });
        var (archive, files) = LayerFixture.Mixed(40, files: 12);
        var origin = fixture.Source.Add(archive, BlobForms.Gzip(archive));
        fixture.Source.BeforeRead = static _ => throw new IOException("The network is down.");

        var exception = await Assert.ThrowsAsync<OciException>(() => store.GetIndexAsync(origin).AsTask());

        Assert.Equal(OciErrorKind.Unavailable, exception.Kind);
        Assert.Contains("The network is down.", exception.Message, StringComparison.Ordinal);
        fixture.Source.BeforeRead = static _ => Task.CompletedTask;
        await LayerFixture.AssertHoldsAsync(store, origin, await store.GetIndexAsync(origin), files);
    }

    [Fact]
    public async Task Every_bit_of_a_small_blob_matters_or_is_none_of_the_layers()
    {
        await using var fixture = new LayerFixture();
        var (cache, store) = await fixture.OpenAsync();
        var archive = new TarBuilder().File("a", "one").Symlink("b", "a").ToArray();
        var blob = BlobForms.Gzip(archive);
        for (var bit = 0; bit < blob.Length * 8; bit++)
        {
            var damaged = blob.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));

            // Under its own digest, so that only the diff id can tell.
            try
            {
                var index = await store.GetIndexAsync(fixture.Source.Add(archive, damaged));

                // Some bits mean nothing: the time in gzip's header, lengths of codes that are not used.
                Assert.Equal("a"u8.ToArray(), index.GetLinkTarget(1).ToArray());
                Assert.Equal(2, index.Count);
                foreach (var entry in cache.Disk!.List(LayerKinds.Index).ToArray())
                {
                    await cache.RemoveAsync(entry.Key);
                }
            }
            catch (OciException exception)
            {
                Assert.True(
                    exception.Kind is OciErrorKind.InvalidLayer or OciErrorKind.DigestMismatch or OciErrorKind.LimitExceeded
                        or OciErrorKind.Unsupported,
                    exception.ToString());
            }
        }
    }

    private sealed class ManyFilesSource(int files) : IImageSource
    {
        public string Name => "many";

        public int Requests { get; private set; }

        public ValueTask<ResolvedImage> ResolveAsync(ImageReference reference, ImagePlatform? platform, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask<Stream> OpenBlobAsync(Descriptor blob, ArtifactByteRange? range, CancellationToken cancellationToken)
        {
            Requests++;
            return ValueTask.FromResult<Stream>(new ManyFilesStream(files));
        }
    }

    // An archive of empty files that is never in memory as a whole.
    private sealed class ManyFilesStream : Stream
    {
        private readonly byte[] _header = new byte[512];
        private readonly long _length;
        private long _position;
        private long _inHeader = -1;

        public ManyFilesStream(int files)
        {
            _length = (files * 512L) + 1024;
            new TarBuilder().File("d/000000", string.Empty).ToArray().AsSpan(0, 512).CopyTo(_header);
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => _length;

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public static (OciDigest DiffId, long Length) Measure(int files)
        {
            using var stream = new ManyFilesStream(files);
            return (OciDigest.FromHash(OciDigestAlgorithm.Sha256, SHA256.HashData(stream)), stream.Length);
        }

        public override int Read(Span<byte> buffer)
        {
            var done = 0;
            while (done < buffer.Length && _position < _length)
            {
                var file = _position / 512;
                var offset = (int)(_position % 512);
                var count = Math.Min(512 - offset, buffer.Length - done);
                if (_position >= _length - 1024)
                {
                    buffer.Slice(done, count).Clear();
                }
                else
                {
                    Turn(file);
                    _header.AsSpan(offset, count).CopyTo(buffer[done..]);
                }

                done += count;
                _position += count;
            }

            return done;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private void Turn(long file)
        {
            if (_inHeader == file)
            {
                return;
            }

            _inHeader = file;
            var sum = 0;
            for (var digit = 7; digit >= 2; digit--, file /= 10)
            {
                _header[digit] = (byte)('0' + (file % 10));
            }

            _header.AsSpan(148, 8).Fill((byte)' ');
            foreach (var value in _header)
            {
                sum += value;
            }

            for (var digit = 153; digit >= 148; digit--, sum >>= 3)
            {
                _header[digit] = (byte)('0' + (sum & 7));
            }

            _header[154] = 0;
        }
    }
}
