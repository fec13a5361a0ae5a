using Larder.Cache;
using Larder.Cache.Artifacts;
using Larder.Cache.Disk;
using Larder.Cache.Fingerprints;
using Microsoft.Extensions.Logging.Abstractions;

namespace Larder.Tests.Disk;

/// <summary>A directory of its own for one test, with the habits of most tests built in.</summary>
internal sealed class DiskDirectory : IDisposable
{
    public static readonly ArtifactKind Framed = ArtifactKind.Parse("framed");
    public static readonly ArtifactKind Raw = ArtifactKind.Parse("raw");
    public static readonly ArtifactKind Content = ArtifactKind.Parse("content");

    // A file system in memory keeps the tests fast on a busy disk; it has the same calls and finer clocks.
    public DiskDirectory()
        : this(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), "larder-disk-")
    {
    }

    private DiskDirectory(string parent, string prefix) =>
        Root = Directory.CreateDirectory(Path.Combine(parent, prefix + Path.GetRandomFileName())).FullName;

    public DiskDirectory(string root) => Root = root;

    public string Root { get; }

    /// <summary>A directory on the ordinary disk.</summary>
    public static DiskDirectory OnDisk() => new(Path.GetTempPath(), "larder-disk-");

    public static ArtifactKind KindOf(DiskForm form) => form == DiskForm.Raw ? Raw : Framed;

    public static KindOptions OptionsOf(ArtifactKind kind) => new()
    {
        DiskForm = kind == Raw ? DiskForm.Raw : DiskForm.Framed,
        ContentAddressed = kind == Content,
    };

    public static ArtifactKey Key(ArtifactKind kind, int number) =>
        new(kind, Fingerprint.OfContent(BitConverter.GetBytes(number)));

    public static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static async Task<PutOutcome> PutAsync(
        DiskTier tier, ArtifactKey key, byte[] payload, ArtifactMetadata? description = null, long length = -2)
    {
        await using var writer = tier.BeginWrite(key, length == -2 ? payload.Length : length);
        await writer.WriteAsync(payload, CancellationToken.None);
        var result = await writer.CommitAsync(description ?? ArtifactWriter.AsWritten, CancellationToken.None);
        result.Lease.Dispose();
        return result.Outcome;
    }

    public static async Task<byte[]?> GetAsync(DiskTier tier, ArtifactKey key)
    {
        using var lease = await tier.GetAsync(key, CancellationToken.None);
        return lease.IsHit ? ReadAll(lease.Content) : null;
    }

    public static byte[] ReadAll(ArtifactContent content)
    {
        var bytes = new byte[content.Length];
        for (var offset = 0; offset < bytes.Length;)
        {
            offset += content.Read(offset, bytes.AsSpan(offset));
        }

        return bytes;
    }

    public static void AssertBalanced(DiskTier tier)
    {
        tier.CheckIntegrity();
        foreach (var kind in tier.GetStatistics().Kinds)
        {
            Assert.Equal(kind.Lookups, kind.Hits + kind.Misses + kind.Throttled);
            Assert.Equal(kind.Puts + kind.Recovered, kind.Entries + kind.Evicted + kind.Removed + kind.Replaced + kind.Refused);
        }
    }

    public ValueTask<DiskTier> OpenAsync(Func<DiskTierOptions, DiskTierOptions>? change = null, TimeProvider? time = null)
    {
        var options = new DiskTierOptions { Directory = Root, CapacityBytes = 64L * 1024 * 1024, ScrubInterval = TimeSpan.Zero };
        return DiskTier.OpenAsync(
            change?.Invoke(options) ?? options, OptionsOf, time ?? TimeProvider.System, NullLogger.Instance, CancellationToken.None);
    }

    public async Task<DiskTier> OpenRecoveredAsync(Func<DiskTierOptions, DiskTierOptions>? change = null, TimeProvider? time = null)
    {
        var tier = await OpenAsync(change, time);
        await tier.Recovered.WaitAsync(TimeSpan.FromSeconds(30));
        return tier;
    }

    public string PathOf(ArtifactKey key) => new DiskPaths(Root).Payload(key);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
