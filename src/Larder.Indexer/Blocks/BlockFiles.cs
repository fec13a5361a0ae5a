namespace Larder.Indexer.Blocks;

/// <summary>Files of blocks, with failures as the library's own.</summary>
internal static class BlockFiles
{
    private const int BufferBytes = 128 * 1024;

    /// <exception cref="IndexerException"><see cref="IndexerErrorKind.Unavailable"/>: it is not there or may not be read.</exception>
    public static FileStream OpenRead(string path)
    {
        try
        {
            return new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferBytes, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"There is no file '{path}'.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"'{path}' cannot be read: {e.Message}", e);
        }
    }
}
