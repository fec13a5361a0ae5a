using System.Runtime.CompilerServices;

namespace Larder.Indexer.Blocks;

/// <summary>
/// The <c>blk*.dat</c> files of a node of Bitcoin or its kin. Blocks lie in them in the order in which they came: here they are put
/// in the order of the chain, by the hash of the block before that each header names. Of branches the longest counts; of equally
/// long ones the one whose end came first.
/// </summary>
/// <remarks>
/// Only headers are read at first, some 80 bytes a block. Heights are known when the chain begins at its first block. A mark of any
/// chain will do, as long as all files have the same. The node may go on running; what it adds is seen when the source is opened again.
/// </remarks>
public sealed class ChainFileSource : IBlockSource
{
    private const string MaskFile = "xor.dat";

    private readonly ChainFile[] _files;
    private readonly Place[] _chain;
    private readonly bool _hasHeights;
    private readonly BlockSourceOptions _options;

    private ChainFileSource(string description, ChainFile[] files, Place[] chain, BlockSourceOptions options)
    {
        Description = description;
        _files = files;
        _chain = chain;
        _options = options;
        _hasHeights = chain[0].PreviousHash == default;
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public long? Count => _chain.Length;

    /// <summary>Whether the chain begins at its first block, so that heights are known.</summary>
    public bool HasHeights => _hasHeights;

    /// <summary>Whether a directory has files of this kind.</summary>
    public static bool IsIn(string directory) => Directory.Exists(directory) && FilesOf(directory).Any();

    /// <summary>Reads the headers of all blocks and finds their chain.</summary>
    /// <param name="directory">The directory of the files.</param>
    /// <param name="options">How to read them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IndexerException">The files cannot be read, are not what they should be, or hold no block.</exception>
    public static ChainFileSource Open(string directory, BlockSourceOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var mask = ReadMask(directory);
        var files = new List<ChainFile>();
        try
        {
            foreach (var path in FilesOf(directory).Order(NaturalOrder.Instance))
            {
                files.Add(ChainFile.Open(path, mask));
            }

            var places = Scan(files, options, cancellationToken);
            if (places.Count == 0)
            {
                throw new IndexerException(IndexerErrorKind.Unavailable, $"The blk*.dat files in '{directory}' hold no block.");
            }

            var chain = LongestChain(places);
            return new ChainFileSource($"{chain.Length} blocks of {directory}", [.. files], chain, options);
        }
        catch
        {
            files.ForEach(static file => file.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceBlock> ReadAsync(uint? from, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        for (var i = _hasHeights ? from ?? 0L : 0L; i < _chain.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var place = _chain[i];
            var file = _files[place.File];
            var bytes = GC.AllocateUninitializedArray<byte>(place.Length);
            if (file.Read(bytes, place.Offset) != bytes.Length)
            {
                throw new IndexerException(IndexerErrorKind.BadBlock, $"{file.Path} became shorter while it was read.");
            }

            yield return new SourceBlock
            {
                Bytes = bytes,
                Origin = $"{file.Path}, byte {place.Offset}",
                Height = _hasHeights ? (uint)i : null,
                Identity = new BlockIdentity(place.Hash, place.PreviousHash),
            };
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private static IEnumerable<string> FilesOf(string directory) => Directory.EnumerateFiles(directory, "blk*.dat")
        .Where(static path => Path.GetFileNameWithoutExtension(path.AsSpan())[3..] is { IsEmpty: false } number && !number.ContainsAnyExceptInRange('0', '9'));

    private static byte[]? ReadMask(string directory)
    {
        var path = Path.Combine(directory, MaskFile);
        if (!File.Exists(path))
        {
            return null;
        }

        var mask = File.ReadAllBytes(path);
        return mask.Length switch
        {
            8 => mask.AsSpan().ContainsAnyExcept((byte)0) ? mask : null,
            _ => throw new IndexerException(IndexerErrorKind.BadBlock, $"'{path}' has {mask.Length} bytes; the key of a node's files has 8."),
        };
    }

    private static List<Place> Scan(List<ChainFile> files, BlockSourceOptions options, CancellationToken cancellationToken)
    {
        var places = new List<Place>();
        uint? mark = null;
        Span<byte> header = stackalloc byte[BlockHeader.Size];
        for (var number = 0; number < files.Count; number++)
        {
            var file = files[number];
            if (file.Mark() is not { } own)
            {
                continue;
            }

            if ((mark ??= own) != own)
            {
                throw new IndexerException(
                    IndexerErrorKind.BadBlock, $"{file.Path} begins with {own:x8} and the files before it with {mark:x8}: they are of different chains.");
            }

            for (long offset = 0; file.TryFind(ref offset, own, options.MaxBlockBytes, out var length); offset += length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                file.Read(header, offset);
                var read = BlockParser.ParseHeader(header);
                places.Add(new Place(number, offset, length, read.Hash, read.PreviousHash));
            }
        }

        return places;
    }

    // Depths are found from each block down to one whose depth is known, so that no order of the blocks is assumed.
    private static Place[] LongestChain(List<Place> places)
    {
        var byHash = new Dictionary<BlockHash, int>(places.Count);
        for (var i = 0; i < places.Count; i++)
        {
            byHash.TryAdd(places[i].Hash, i);
        }

        var depths = new int[places.Count];
        var open = new Stack<int>();
        var last = 0;
        for (var i = 0; i < places.Count; i++)
        {
            var (at, depth) = (i, 0);
            while ((depth = depths[at]) == 0)
            {
                open.Push(at);
                if (!byHash.TryGetValue(places[at].PreviousHash, out at))
                {
                    break;
                }
            }

            while (open.TryPop(out var block))
            {
                depths[block] = ++depth;
            }

            last = depths[i] > depths[last] ? i : last;
        }

        var chain = new Place[depths[last]];
        for (var (i, at) = (chain.Length - 1, last); i >= 0; i--)
        {
            chain[i] = places[at];
            byHash.TryGetValue(places[at].PreviousHash, out at);
        }

        return chain;
    }

    private readonly record struct Place(int File, long Offset, int Length, BlockHash Hash, BlockHash PreviousHash);
}
