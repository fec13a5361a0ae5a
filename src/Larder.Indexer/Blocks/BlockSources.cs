namespace Larder.Indexer.Blocks;

/// <summary>Opens what paths name as a source of blocks.</summary>
public static class BlockSources
{
    /// <summary>Opens files or one directory.</summary>
    /// <param name="paths">One or more files, or one directory; a directory with a node's <c>blk*.dat</c> files is read as these.</param>
    /// <param name="options">How to read them.</param>
    /// <param name="areNumbersHeights">Whether numbers in the names of a directory's files are heights.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IndexerException">A path is not there or cannot be read, or directories and files are mixed.</exception>
    public static IBlockSource Open(
        IReadOnlyList<string> paths, BlockSourceOptions options, bool areNumbersHeights = true, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (paths.Count == 1 && Directory.Exists(paths[0]))
        {
            return ChainFileSource.IsIn(paths[0])
                ? ChainFileSource.Open(paths[0], options, cancellationToken)
                : FileBlockSource.OfDirectory(paths[0], options, areNumbersHeights);
        }

        foreach (var path in paths)
        {
            if (Directory.Exists(path))
            {
                throw new IndexerException(IndexerErrorKind.Configuration, $"'{path}' is a directory: name one directory alone, or files.");
            }

            if (!File.Exists(path))
            {
                throw new IndexerException(IndexerErrorKind.Unavailable, $"There is no file '{path}'.");
            }
        }

        return FileBlockSource.OfFiles(paths, options);
    }
}
