namespace Larder.Oci.Merging;

/// <summary>The parts of a path, cleaned as text: no empty parts, no <c>.</c>, no <c>..</c>; above the root is the root.</summary>
/// <remarks>For one thread; used again for every path, so that cleaning allocates nothing.</remarks>
internal sealed class PathParts
{
    private (int Start, int Length)[] _parts = new (int, int)[64];

    /// <summary>Number of parts; 0 for the root.</summary>
    public int Count { get; private set; }

    /// <summary>Takes a path apart.</summary>
    public void Clean(ReadOnlySpan<byte> path)
    {
        Count = 0;
        for (var start = 0; start < path.Length;)
        {
            var length = path[start..].IndexOf((byte)'/');
            length = length < 0 ? path.Length - start : length;
            Push(path.Slice(start, length), start);
            start += length + 1;
        }
    }

    /// <summary>A part of the path that was cleaned last.</summary>
    public ReadOnlySpan<byte> Get(ReadOnlySpan<byte> path, int part) => path.Slice(_parts[part].Start, _parts[part].Length);

    /// <summary>Where a part begins.</summary>
    public int StartOf(int part) => _parts[part].Start;

    /// <summary>The last part; there is one.</summary>
    public ReadOnlySpan<byte> Last(ReadOnlySpan<byte> path) => Get(path, Count - 1);

    private void Push(ReadOnlySpan<byte> part, int start)
    {
        if (part.IsEmpty || part.SequenceEqual("."u8))
        {
            return;
        }

        if (part.SequenceEqual(".."u8))
        {
            Count = Math.Max(0, Count - 1);
            return;
        }

        if (Count == _parts.Length)
        {
            Array.Resize(ref _parts, Count * 2);
        }

        _parts[Count++] = (start, part.Length);
    }
}
