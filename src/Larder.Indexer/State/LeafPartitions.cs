using System.Runtime.InteropServices;
using Larder.Indexer.Merkle;

namespace Larder.Indexer.State;

/// <summary>
/// Collects the leaves of a tree in any order and gives them back in the order of their paths, in parts, with bounded memory:
/// beyond some number they lie in files without names.
/// </summary>
/// <param name="leavesInMemory">How many may lie in memory.</param>
internal sealed class LeafPartitions(int leavesInMemory) : IDisposable
{
    /// <summary>Parts, one for each first byte of a path.</summary>
    public const int Count = 256;

    private const int BufferBytes = 32 << 10;

    private readonly List<MerkleLeaf> _leaves = [];
    private FileStream?[]? _files;
    private bool _sorted;

    /// <summary>How many leaves there are.</summary>
    public long Leaves { get; private set; }

    public void Add(in MerkleLeaf leaf)
    {
        Leaves++;
        if (_files is null)
        {
            _leaves.Add(leaf);
            _sorted = false;
            if (_leaves.Count > leavesInMemory)
            {
                Spill();
            }
        }
        else
        {
            Write(leaf);
        }
    }

    /// <summary>The leaves of a part in the order of their paths.</summary>
    public MerkleLeaf[] Sorted(int part)
    {
        MerkleLeaf[] leaves;
        if (_files is null)
        {
            return Slice(part);
        }
        else if (_files[part] is { } file)
        {
            leaves = new MerkleLeaf[file.Length / MerkleLeaf.Size];
            file.Flush();
            file.Position = 0;
            file.ReadExactly(MemoryMarshal.AsBytes(leaves.AsSpan()));
        }
        else
        {
            leaves = [];
        }

        Array.Sort(leaves);
        return leaves;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files ?? [])
        {
            file?.Dispose();
        }
    }

    private MerkleLeaf[] Slice(int part)
    {
        if (!_sorted)
        {
            _leaves.Sort();
            _sorted = true;
        }

        var start = StartOf(part);
        return [.. CollectionsMarshal.AsSpan(_leaves)[start..StartOf(part + 1)]];
    }

    private int StartOf(int part)
    {
        var (low, high) = (0, _leaves.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _leaves[middle].Path[0] < part ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void Spill()
    {
        _files = new FileStream?[Count];
        foreach (ref readonly var leaf in CollectionsMarshal.AsSpan(_leaves))
        {
            Write(leaf);
        }

        _leaves.Clear();
        _leaves.Capacity = 0;
    }

    private void Write(in MerkleLeaf leaf)
    {
        ref var file = ref _files![leaf.Path[0]]; // Called once they are there.
        try
        {
            file ??= new FileStream(
                Path.Combine(Path.GetTempPath(), "larder-leaves-" + Path.GetRandomFileName()),
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.ReadWrite,
                    Options = FileOptions.DeleteOnClose,
                    BufferSize = BufferBytes,
                });
            file.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<MerkleLeaf>(in leaf)));
        }
        catch (IOException error)
        {
            throw new IndexerException(
                IndexerErrorKind.NoSpace, $"The leaves of the tree cannot be sorted in {Path.GetTempPath()}: {error.Message}", error);
        }
    }
}
