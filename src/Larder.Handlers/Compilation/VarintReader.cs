namespace Larder.Handlers.Compilation;

/// <summary>Reads numbers of seven bits a byte, the lowest first. After the first failure every number is 0.</summary>
internal ref struct VarintReader(ReadOnlySpan<byte> bytes)
{
    private const int MaxBytes = 5;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether a number was missing or too long.</summary>
    public bool Failed { get; private set; }

    /// <summary>Whether everything was read.</summary>
    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>The next number.</summary>
    public long Next()
    {
        var value = 0L;
        for (var index = 0; index < MaxBytes && index < _rest.Length && !Failed; index++)
        {
            value |= (long)(_rest[index] & 0x7F) << (7 * index);
            if (_rest[index] < 0x80)
            {
                _rest = _rest[(index + 1)..];
                return value;
            }
        }

        Failed = true;
        return 0;
    }
}
