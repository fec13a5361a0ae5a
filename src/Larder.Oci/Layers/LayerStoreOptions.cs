namespace Larder.Oci.Layers;

/// <summary>How layers are taken apart and fetched. Validated when the store is made.</summary>
public sealed record LayerStoreOptions
{
    /// <summary>Files of at least that many bytes become objects of their own; 4 KiB to 1 MiB. Default 64 KiB.</summary>
    public int FileObjectBytes { get; init; } = 64 * 1024;

    /// <summary>Bytes that smaller files are packed to, about; 64 KiB to 16 MiB. Default 1 MiB.</summary>
    public int PackBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// How far apart in the archive the files of one pack may lie, so that it can be fetched by a range; at least
    /// <see cref="PackBytes"/>. Default 4 MiB.
    /// </summary>
    public long PackSpanBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Archive bytes between two places where decompression can begin, about; at least 256 KiB. Each takes some 10 KB in the remote
    /// tier and on disk; a range costs half of this in needless bytes. Default 4 MiB.
    /// </summary>
    public long PointSpacingBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Most archive bytes that are decompressed for nothing to reach a single object; beyond that, the layer is read as a
    /// whole. Default 32 MiB.
    /// </summary>
    public long MaxSkippedBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Most bytes of a layer's archive. Default 256 GiB.</summary>
    public long MaxArchiveBytes { get; init; } = 256L * 1024 * 1024 * 1024;

    /// <summary>
    /// How many times as large as its blob an archive may be once it is larger than <see cref="MaxRatioFreeBytes"/>. Default 1,100,
    /// which is more than gzip can reach.
    /// </summary>
    public int MaxRatio { get; init; } = 1100;

    /// <summary>Archive bytes from which on <see cref="MaxRatio"/> counts. Default 1 GiB.</summary>
    public long MaxRatioFreeBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>Most memory that a zstd frame may ask for. Default 128 MiB.</summary>
    public long MaxZstdWindowBytes { get; init; } = 128L * 1024 * 1024;

    /// <summary>
    /// How many readings of parts of blobs are kept where they ended, with what they need to go on, for whoever wants what comes
    /// next; 0 to 64. Default 4.
    /// </summary>
    public int RestingReadings { get; init; } = 4;

    /// <summary>How long such a reading is kept. Default 2 seconds.</summary>
    public TimeSpan RestTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Layers that are read as a whole at the same time; one more when a reader waits for it. Default 2.</summary>
    public int ParallelImports { get; init; } = 2;

    /// <summary>How long a source that gives no byte is asked again before reading a layer fails. Default 1 minute.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Wait before the first repetition; doubled each time, up to 10 seconds. Default 200 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// How long the failure to read a layer answers those who ask for it next, so that it is not downloaded over and over. Default 10
    /// seconds.
    /// </summary>
    public TimeSpan FailureTtl { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Keeps each layer as one decompressed archive, and shares it by the names that others use; null, the default, for objects.
    /// </summary>
    public DecompressedLayerOptions? Decompressed { get; init; }

    /// <summary>Throws when a value is out of range.</summary>
    /// <exception cref="OciException">Kind <see cref="OciErrorKind.Configuration"/>; the message names the option.</exception>
    internal void Validate()
    {
        Require(FileObjectBytes is >= 4096 and <= 1024 * 1024, nameof(FileObjectBytes), "4 KiB to 1 MiB");
        Require(PackBytes is >= 64 * 1024 and <= 16 * 1024 * 1024, nameof(PackBytes), "64 KiB to 16 MiB");
        Require(PackSpanBytes >= PackBytes, nameof(PackSpanBytes), "at least PackBytes");
        Require(PointSpacingBytes >= 256 * 1024, nameof(PointSpacingBytes), "at least 256 KiB");
        Require(MaxSkippedBytes >= 0, nameof(MaxSkippedBytes), "0 or more");
        Require(MaxArchiveBytes > 0, nameof(MaxArchiveBytes), "at least 1");
        Require(MaxRatio > 0, nameof(MaxRatio), "at least 1");
        Require(MaxRatioFreeBytes >= 0, nameof(MaxRatioFreeBytes), "0 or more");
        Require(MaxZstdWindowBytes is >= 1024 and <= 1L << 31, nameof(MaxZstdWindowBytes), "1 KiB to 2 GiB");
        Require(RestingReadings is >= 0 and <= 64, nameof(RestingReadings), "0 to 64");
        Require(RestTime >= TimeSpan.Zero && RestTime <= TimeSpan.FromMinutes(1), nameof(RestTime), "zero to a minute");
        Require(ParallelImports is >= 1 and <= 64, nameof(ParallelImports), "1 to 64");
        Require(Patience >= TimeSpan.Zero, nameof(Patience), "zero or more");
        Require(RetryDelay > TimeSpan.Zero, nameof(RetryDelay), "more than zero");
        Require(FailureTtl >= TimeSpan.Zero, nameof(FailureTtl), "zero or more");
    }

    private static void Require(bool holds, string option, string range)
    {
        if (!holds)
        {
            throw new OciException(OciErrorKind.Configuration, $"Layer option {option} must be {range}.");
        }
    }
}
