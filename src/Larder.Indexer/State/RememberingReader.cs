namespace Larder.Indexer.State;

/// <summary>
/// Remembers the last key and where its value lies: a guest asks for the length of a value, then for the value. Owns the
/// reader below. For one thread at a time.
/// </summary>
internal sealed class RememberingReader(StateReader below) : StateReader
{
    private byte[] _key = [];
    private int _keyLength = -1;
    private byte[] _value = [];
    private int _valueLength;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key)
    {
        if (_keyLength != key.Length || !key.SequenceEqual(_key.AsSpan(0, _keyLength)))
        {
            Read(key);
        }

        return _value.AsSpan(0, _valueLength);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            below.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Read(ReadOnlySpan<byte> key)
    {
        _keyLength = -1;
        var value = below.Get(key);
        Keep(ref _value, value);
        _valueLength = value.Length;
        Keep(ref _key, key);
        _keyLength = key.Length;
    }

    private static void Keep(ref byte[] buffer, ReadOnlySpan<byte> bytes)
    {
        if (buffer.Length < bytes.Length)
        {
            buffer = new byte[Math.Max(bytes.Length, 2 * buffer.Length)];
        }

        bytes.CopyTo(buffer);
    }
}
