using System.Security.Cryptography;
using Larder.Cache.Fingerprints;
using Larder.Indexer;
using Larder.Indexer.Blocks;
using Larder.Indexer.State;

namespace Larder.Tests.Indexer.Blocks.Support;

/// <summary>The smallest index there is: its state at a height is the digest of all blocks up to there.</summary>
internal sealed class ChainIndex : IBlockIndex
{
    private readonly List<BlockRecord> _blocks = [];
    private ulong _sequence;

    public BlockRecord? Tip => _blocks.LastOrDefault();

    /// <summary>Heights that are kept below the tip; the rest is pruned.</summary>
    public uint Kept { get; init; } = uint.MaxValue;

    public uint? LowestHeight => Tip is { } tip ? Math.Max(_blocks[0].Height, tip.Height > Kept ? tip.Height - Kept : 0) : null;

    public List<uint> Rollbacks { get; } = [];

    /// <summary>Blocks that the module fails on.</summary>
    public Func<uint, bool> Fails { get; set; } = static _ => false;

    public BlockRecord? Block(uint height) => height >= LowestHeight ? _blocks.FirstOrDefault(block => block.Height == height) : null;

    public BlockRecord Process(uint height, BlockHash hash, BlockHash previous, ReadOnlyMemory<byte> block, CancellationToken cancellationToken)
    {
        Assert.True(Tip is null || height == Tip.Height + 1);
        if (Fails(height))
        {
            throw new IndexerException(IndexerErrorKind.GuestFailed, $"The module trapped on block {height}.");
        }

        var root = SHA256.HashData([.. Tip?.Root.ToString().Select(static c => (byte)c) ?? [], .. block.Span]);
        var record = new BlockRecord
        {
            Height = height,
            Sequence = ++_sequence,
            Hash = hash,
            PreviousHash = previous,
            Root = new Fingerprint(root),
            PrefixRoots = [],
            Writes = 1,
            Run = default,
        };
        _blocks.Add(record);
        return record;
    }

    public void Rollback(uint height)
    {
        Rollbacks.Add(height);
        Assert.Contains(_blocks, block => block.Height == height);
        _blocks.RemoveAll(block => block.Height > height);
    }
}
