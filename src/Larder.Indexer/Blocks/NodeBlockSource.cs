using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Larder.Indexer.Blocks;

/// <summary>
/// Blocks of a chain's node over its JSON-RPC: <c>getblockcount</c>, <c>getblockhash</c> and <c>getblock</c>. The blocks after the one
/// that is asked for are fetched meanwhile, within a bound of bytes.
/// </summary>
public sealed class NodeBlockSource : IBlockSource
{
    private const int SmallAnswer = 64 * 1024;

    // What a block is taken for before the first has come.
    private const int UsualBlockBytes = 2 * 1024 * 1024;

    // A block that is on its way takes its bytes, and twice as many for the hex that they come in.
    private const int OnItsWay = 3;

    private readonly ChainNodeClient _client;
    private readonly ChainNodeOptions _node;
    private readonly BlockSourceOptions _options;

    /// <summary>A source over a node. Nothing is asked yet.</summary>
    /// <param name="node">The node.</param>
    /// <param name="options">Format and limits of its blocks.</param>
    /// <param name="clock">Times waits.</param>
    /// <exception cref="IndexerException">An option is wrong.</exception>
    public NodeBlockSource(ChainNodeOptions node, BlockSourceOptions options, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _client = new ChainNodeClient(node, clock ?? TimeProvider.System);
        _node = node;
        _options = options;
    }

    /// <inheritdoc/>
    public string Description => $"the node at {_client.Place}";

    /// <inheritdoc/>
    public long? Count => null;

    /// <summary>Format of the blocks.</summary>
    internal BlockFormat Format => _options.Format;

    /// <summary>Height of the last block that the node has.</summary>
    /// <exception cref="IndexerException">The node cannot be asked.</exception>
    public async Task<uint> GetTipHeightAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _client.CallAsync(
                "getblockcount", "", SmallAnswer, static (ref Utf8JsonReader reader) => reader.GetUInt32(), cancellationToken).ConfigureAwait(false);
        }
        catch (ChainNodeException e)
        {
            throw Refused("getblockcount", e);
        }
    }

    /// <summary>The hash that the node has at a height; null when its chain does not reach there.</summary>
    /// <exception cref="IndexerException">The node cannot be asked.</exception>
    public async Task<BlockHash?> GetHashAsync(uint height, CancellationToken cancellationToken = default)
    {
        try
        {
            return await _client.CallAsync<BlockHash?>(
                "getblockhash",
                height.ToString(System.Globalization.CultureInfo.InvariantCulture),
                SmallAnswer,
                static (ref Utf8JsonReader reader) => BlockHash.TryParse(reader.GetString(), out var hash) ? hash : throw new FormatException(),
                cancellationToken).ConfigureAwait(false);
        }
        catch (ChainNodeException e) when (e.Code is ChainNodeException.InvalidParameter)
        {
            return null;
        }
        catch (ChainNodeException e)
        {
            throw Refused("getblockhash", e);
        }
    }

    /// <summary>The block at a height; null when the chain of the node does not reach there.</summary>
    /// <exception cref="IndexerException">The node cannot be asked, does not have the block any more, or gives another one.</exception>
    public async Task<SourceBlock?> GetBlockAsync(uint height, CancellationToken cancellationToken = default)
    {
        if (await GetHashAsync(height, cancellationToken).ConfigureAwait(false) is not { } hash)
        {
            return null;
        }

        // A block of any bytes does not say what it follows; the node does.
        BlockHash? previous = _options.Format == BlockFormat.Opaque && height > 0
            ? await GetHashAsync(height - 1, cancellationToken).ConfigureAwait(false)
            : null;
        try
        {
            var bytes = await _client.CallAsync(
                "getblock",
                $"\"{hash}\",0",
                2L * _options.MaxBlockBytes,
                static (ref Utf8JsonReader reader) => ReadHex(ref reader),
                cancellationToken).ConfigureAwait(false);
            return Check(new SourceBlock
            {
                Bytes = bytes,
                Height = height,
                Identity = new BlockIdentity(hash, previous),
                Origin = $"block {height} of {Description}",
            });
        }
        catch (ChainNodeException e)
        {
            throw Refused($"getblock of block {height}", e);
        }
    }

    /// <summary>Gives blocks from a height, or the first, up to where the chain of the node ends.</summary>
    public async IAsyncEnumerable<SourceBlock> ReadAsync(uint? from, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var tip = await GetTipHeightAsync(cancellationToken).ConfigureAwait(false);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ahead = new Queue<Task<SourceBlock?>>();
        long next = from ?? 0;
        var largest = UsualBlockBytes;
        try
        {
            while (true)
            {
                while (next <= tip && (ahead.Count == 0 || (ahead.Count <= _node.PrefetchBlocks && Waiting(ahead, largest) + ((long)OnItsWay * largest) <= _node.PrefetchBytes)))
                {
                    ahead.Enqueue(GetBlockAsync((uint)next++, end.Token));
                }

                if (!ahead.TryDequeue(out var task) || await task.ConfigureAwait(false) is not { } block)
                {
                    yield break;
                }

                largest = Math.Max(largest, block.Bytes.Length);

                // The next ones are under way while this one is indexed.
                if (_node.PrefetchBlocks > 0 && ahead.Count == 0 && next <= tip)
                {
                    ahead.Enqueue(GetBlockAsync((uint)next++, end.Token));
                }

                yield return block;
            }
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(ahead)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static long Waiting(Queue<Task<SourceBlock?>> ahead, int largest) =>
        ahead.Sum(task => task.IsCompletedSuccessfully ? task.Result?.Bytes.Length ?? 0L : (long)OnItsWay * largest);

    private static byte[] ReadHex(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped || reader.ValueSpan.Length % 2 != 0)
        {
            throw new FormatException();
        }

        var bytes = GC.AllocateUninitializedArray<byte>(reader.ValueSpan.Length / 2);
        return Convert.FromHexString(reader.ValueSpan, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : throw new FormatException();
    }

    private SourceBlock Check(SourceBlock block)
    {
        if (block.Bytes.Length > _options.MaxBlockBytes)
        {
            throw _options.TooLong(block.Origin, block.Bytes.Length);
        }

        var hash = block.Identity!.Value.Hash;
        return _options.Format == BlockFormat.Opaque || BlockParser.ParseHeader(block.Bytes.Span).Hash == hash
            ? block
            : throw new IndexerException(
                IndexerErrorKind.BadBlock,
                $"{block.Origin} should be {hash} and is {BlockParser.ParseHeader(block.Bytes.Span).Hash}.");
    }

    private IndexerException Refused(string what, ChainNodeException e) =>
        new(IndexerErrorKind.Unavailable, $"The node at {_client.Place} refuses {what}: {e.Message.TrimEnd('.')} ({e.Code}).", e);
}
