namespace Larder.Indexer.State;

/// <summary>Memory that is used again and again; what it gave is overwritten by the next use. For one thread.</summary>
internal sealed class ScratchBuffer
{
    private byte[] _bytes = [];

    /// <summary>So many bytes, of any content.</summary>
    public Span<byte> Take(int length)
    {
        if (_bytes.Length < length)
        {
            _bytes = new byte[Math.Max(length, Math.Max(256, (int)Math.Min(Array.MaxLength, 2L * _bytes.Length)))];
        }

        return _bytes.AsSpan(0, length);
    }
}
