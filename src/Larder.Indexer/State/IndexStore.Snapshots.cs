using Larder.Cache.Fingerprints;
using Larder.Indexer.Engines;

namespace Larder.Indexer.State;

/// <summary>Whole states as streams.</summary>
public sealed partial class IndexStore
{
    /// <summary>
    /// Writes the whole state at the tip, so that another node can go on from there. The same state makes the same bytes
    /// everywhere. Blocks can be committed meanwhile.
    /// </summary>
    /// <param name="destination">Where to; not closed.</param>
    /// <param name="progress">Told how many keys are done.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The digest: the SHA-256 of all bytes but the last 32, which are it.</returns>
    /// <exception cref="IndexerException">NoSuchHeight: the store is empty. Damaged, Unavailable.</exception>
    public Fingerprint ExportSnapshot(Stream destination, IProgress<StoreProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var generation = Hold();
        try
        {
            var tip = generation.Tip
                ?? throw new IndexerException(IndexerErrorKind.NoSuchHeight, "There is no state to write: nothing is indexed yet.");
            using var writer = new SnapshotWriter(destination);
            return writer.Write(generation, tip, progress, cancellationToken);
        }
        finally
        {
            generation.Release();
        }
    }

    /// <summary>
    /// Makes a store from a snapshot. It is made beside the directory and appears there when all of it is verified: its digest,
    /// its order, and the roots that its values make. The first height of the new store is the snapshot's.
    /// </summary>
    /// <param name="source">The snapshot; read to its end.</param>
    /// <param name="directory">Where the store is to be: nothing, or an empty directory.</param>
    /// <param name="options">What the store must be for, where they say so, and how much may be used.</param>
    /// <param name="expectedDigest">The digest that the snapshot must have; null takes any.</param>
    /// <param name="progress">Told how many keys are done.</param>
    /// <param name="cancellationToken">Gives up and leaves nothing.</param>
    /// <returns>The record of the block that the state is of.</returns>
    /// <exception cref="IndexerException">Damaged: the snapshot is. RecipeMismatch. NoSpace. Unavailable: the directory is not empty. Nothing is left then.</exception>
    public static BlockRecord ImportSnapshot(
        Stream source,
        string directory,
        IndexStoreOptions options,
        Fingerprint? expectedDigest = null,
        IProgress<StoreProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        options = options.Validated();
        directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        RequireEmpty(directory);
        var aside = $"{directory}.import-{Environment.ProcessId}-{Guid.NewGuid():N}";
        try
        {
            StoredBlock tip;
            using (var store = RocksStore.Open(aside, SettingsOf(options)))
            {
                tip = Import(source, store, options, expectedDigest, progress, cancellationToken);
            }

            RequireEmpty(directory);
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory);
            }

            Directory.Move(aside, directory);
            return tip.Record;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"The snapshot cannot become the index in {directory}: {error.Message}", error);
        }
        finally
        {
            if (Directory.Exists(aside))
            {
                Directory.Delete(aside, recursive: true);
            }
        }
    }

    /// <summary>Reads a snapshot into an empty engine.</summary>
    internal static StoredBlock Import(
        Stream source,
        OrderedStore store,
        IndexStoreOptions options,
        Fingerprint? expectedDigest,
        IProgress<StoreProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using var reader = new SnapshotReader(source, store);
        return reader.Read(expectedDigest, options, progress, cancellationToken);
    }

    private static void RequireEmpty(string directory)
    {
        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"A snapshot becomes a new index, and {directory} is not empty.");
        }
    }
}
