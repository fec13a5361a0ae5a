using System.Globalization;
using System.Text;

namespace Larder.Symbols.Tables;

/// <summary>Text that is put together as UTF-8. Refuses to grow beyond a limit, so that no module can make it.</summary>
internal sealed class Utf8Builder
{
    /// <summary>Longest text, in bytes.</summary>
    public const int MaxLength = 1024 * 1024;

    private byte[] _bytes = new byte[512];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Truncate(int length) => Length = length;

    /// <summary>Exchanges the first byte.</summary>
    public void SetFirst(byte letter) => _bytes[0] = letter;

    public void Append(byte letter)
    {
        if (Length == _bytes.Length)
        {
            Grow(1);
        }

        _bytes[Length++] = letter;
    }

    public void Append(ReadOnlySpan<byte> text)
    {
        if (text.Length > _bytes.Length - Length)
        {
            Grow(text.Length);
        }

        text.CopyTo(_bytes.AsSpan(Length));
        Length += text.Length;
    }

    public void Append(string text)
    {
        Grow(Encoding.UTF8.GetMaxByteCount(text.Length));
        Length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(Length));
    }

    public void Append<TNumber>(TNumber number)
        where TNumber : IUtf8SpanFormattable
    {
        Grow(64);
        number.TryFormat(_bytes.AsSpan(Length), out var written, default, CultureInfo.InvariantCulture);
        Length += written;
    }

    private void Grow(int more)
    {
        var needed = (long)Length + more;
        if (needed > 4L * MaxLength)
        {
            throw new SymbolsException(SymbolsErrorKind.LimitExceeded, $"a text of more than {MaxLength} bytes");
        }

        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Max(needed, 2L * _bytes.Length));
        }
    }
}
