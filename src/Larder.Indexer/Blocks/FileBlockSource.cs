using System.Globalization;
using System.Runtime.CompilerServices;

namespace Larder.Indexer.Blocks;

/// <summary>
/// Files of one raw block, of one block in hex, or of many blocks in hex with each on a line of its own: what each file is, its
/// content says.
/// </summary>
/// <remarks>
/// A file of several lines, none of which could be a block by its length, is one block whose hex is wrapped. Files are read a
/// block at a time, so that their length does not matter.
/// </remarks>
public sealed class FileBlockSource : IBlockSource
{
    // What is looked at to tell hex from raw.
    private const int LookBytes = 64 * 1024;

    private readonly BlockSourceOptions _options;
    private readonly (string Path, uint? Height)[] _files;
    private readonly bool _isOneEach;

    private FileBlockSource((string Path, uint? Height)[] files, string description, BlockSourceOptions options)
    {
        _files = files;
        _options = options;
        Description = description;
        _isOneEach = files.All(static file => file.Height is not null);
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public long? Count => _isOneEach ? _files.Length : null;

    /// <summary>Whether the names of the files give the heights of their blocks.</summary>
    public bool HasHeights => _isOneEach;

    /// <summary>How many files there are.</summary>
    public int Files => _files.Length;

    /// <summary>Bytes of all files: for estimates.</summary>
    public long Bytes => _files.Sum(static file => new FileInfo(file.Path) is { Exists: true } info ? info.Length : 0);

    /// <summary>Files in the order in which they are given.</summary>
    /// <param name="paths">The files; at least one.</param>
    /// <param name="options">How to read them.</param>
    /// <exception cref="IndexerException">There is none, or an option is wrong.</exception>
    public static FileBlockSource OfFiles(IReadOnlyList<string> paths, BlockSourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(paths);
        Validate(paths.Count, options, "The list of files");
        return new FileBlockSource(
            [.. paths.Select(static path => (path, (uint?)null))], paths.Count == 1 ? paths[0] : $"{paths.Count} files", options);
    }

    /// <summary>
    /// The files of a directory in the order of their names, where numbers count as numbers. Files whose names begin with a dot, and
    /// directories in it, are left out. When all names are or end in a number, these are the heights.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <param name="options">How to read them.</param>
    /// <param name="areNumbersHeights">Whether heights are taken from names; else the names are only an order.</param>
    /// <exception cref="IndexerException">The directory cannot be read or has no files; two names give one height.</exception>
    public static FileBlockSource OfDirectory(string directory, BlockSourceOptions options, bool areNumbersHeights = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var paths = FilesOf(directory);
        Validate(paths.Length, options, $"The directory '{directory}'");
        var files = paths.Select(path => (path, Height: areNumbersHeights ? NaturalOrder.NumberAtEnd(path) : null)).ToArray();
        if (files.Any(static file => file.Height is null))
        {
            files = [.. files.Select(static file => (file.path, (uint?)null))];
        }

        files = [.. files.OrderBy(static file => file.Height ?? 0)];
        for (var i = 1; i < files.Length; i++)
        {
            if (files[i].Height is { } height && height == files[i - 1].Height)
            {
                throw new IndexerException(
                    IndexerErrorKind.Configuration,
                    $"'{Path.GetFileName(files[i - 1].path)}' and '{Path.GetFileName(files[i].path)}' in '{directory}' are both of height {height}. "
                    + "Rename one, or give the first height: then the names are only an order.");
            }
        }

        return new FileBlockSource(files, $"{files.Length} {(files.Length == 1 ? "file" : "files")} in {directory}", options);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceBlock> ReadAsync(uint? from, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var (path, height) in _files)
        {
            if (height < from)
            {
                continue;
            }

            var count = 0;
            await foreach (var block in ReadFileAsync(path, cancellationToken).ConfigureAwait(false))
            {
                if (height is not null && ++count > 1)
                {
                    throw new IndexerException(
                        IndexerErrorKind.BadBlock,
                        $"{block.Origin}: more than one block in a file whose name gives a height. Give the first height: then names are only an order.");
                }

                yield return block with { Height = height };
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static void Validate(int count, BlockSourceOptions options, string what)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (count == 0)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"{what} has no file of blocks.");
        }
    }

    private static string[] FilesOf(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFiles(directory)
                .Where(static path => !Path.GetFileName(path.AsSpan()).StartsWith('.'))
                .Order(NaturalOrder.Instance)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IndexerException(IndexerErrorKind.Unavailable, $"The directory '{directory}' cannot be read: {e.Message}", e);
        }
    }

    private async IAsyncEnumerable<SourceBlock> ReadFileAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var file = BlockFiles.OpenRead(path);
        await using (file.ConfigureAwait(false))
        {
            var isHex = _options.Encoding == BlockEncoding.Hex
                || (_options.Encoding == BlockEncoding.Auto && await IsHexAsync(file, cancellationToken).ConfigureAwait(false));
            if (!isHex)
            {
                yield return await ReadRawAsync(file, path, cancellationToken).ConfigureAwait(false);
                yield break;
            }

            var lines = new HexLines(file, path, _options);
            await foreach (var block in lines.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return block;
            }
        }
    }

    private static async Task<bool> IsHexAsync(FileStream file, CancellationToken cancellationToken)
    {
        var look = new byte[(int)Math.Min(LookBytes, file.Length)];
        var count = await file.ReadAtLeastAsync(look, look.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        file.Position = 0;
        return HexText.IsOnlyHex(look.AsSpan(0, count));
    }

    private async Task<SourceBlock> ReadRawAsync(FileStream file, string path, CancellationToken cancellationToken)
    {
        var length = file.Length;
        if (length > _options.MaxBlockBytes)
        {
            throw _options.TooLong(string.Create(CultureInfo.InvariantCulture, $"'{path}'"), length);
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        var count = await file.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return count == bytes.Length
            ? new SourceBlock { Bytes = bytes, Origin = path }
            : throw new IndexerException(IndexerErrorKind.BadBlock, $"{path} became shorter while it was read.");
    }
}
