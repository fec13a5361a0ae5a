namespace Larder.Cli;

/// <summary>Files that the command line names, with failures as sentences.</summary>
internal static class LocalFiles
{
    private const int BufferBytes = 128 * 1024;

    /// <summary>Opens a file for reading from its start to its end.</summary>
    /// <exception cref="CommandException">It is not there or may not be read.</exception>
    public static FileStream OpenRead(string path) => Open(path, static path => new FileStream(
        path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BufferBytes, FileOptions.Asynchronous | FileOptions.SequentialScan));

    /// <summary>Creates a file beside <paramref name="path"/> that is to be renamed to it when it is whole.</summary>
    /// <exception cref="CommandException">It cannot be created there.</exception>
    public static FileStream CreateAside(string path) => Open(path, static path => new FileStream(
        $"{path}.{Guid.NewGuid():N}.part", FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes, FileOptions.Asynchronous));

    /// <summary>Writes a file, whole or not at all.</summary>
    /// <exception cref="CommandException">It cannot be created there.</exception>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var aside = CreateAside(path);
        try
        {
            await using (aside.ConfigureAwait(false))
            {
                await aside.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
            }

            File.Move(aside.Name, path, overwrite: true);
        }
        catch
        {
            File.Delete(aside.Name);
            throw;
        }
    }

    private static FileStream Open(string path, Func<string, FileStream> open)
    {
        try
        {
            return open(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw CommandException.Usage($"There is no file '{path}'; check the path.");
        }
        catch (UnauthorizedAccessException)
        {
            throw CommandException.Usage(
                Directory.Exists(path) ? $"'{path}' is a directory; name a file." : $"'{path}' may not be opened; check its permissions.");
        }
    }
}
