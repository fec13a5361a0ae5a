namespace Larder.Indexer.Caching;

/// <summary>Bytes that a reader owns and reuses. For one thread at a time.</summary>
public sealed class ValueBuffer
{
    private byte[] _bytes = [];
    private int _length;

    /// <summary>What was put last; stays as it is until something else is.</summary>
    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, _length);

    /// <summary>Puts a copy of some bytes.</summary>
    public void Set(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length)
        {
            _bytes = GC.AllocateUninitializedArray<byte>((int)Math.Min(Array.MaxLength, Math.Max(256, bytes.Length * 2L)));
        }

        bytes.CopyTo(_bytes);
        _length = bytes.Length;
    }
}
