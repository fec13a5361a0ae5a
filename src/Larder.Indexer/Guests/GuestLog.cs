using System.Text;
using System.Text.Unicode;

namespace Larder.Indexer.Guests;

/// <summary>Texts that a run logs, as far as its limit goes. For one thread.</summary>
internal sealed class GuestLog(Action<string>? target, int limitBytes)
{
    private int _left = limitBytes;

    /// <summary>Texts that came.</summary>
    public int Lines { get; private set; }

    /// <summary>Hands a text on; what is not UTF-8 is passed over, what is beyond the limit is cut off and then left out.</summary>
    public void Write(ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            return;
        }

        Lines++;
        if (target is null || _left == 0)
        {
            return;
        }

        if (text.Length <= _left)
        {
            _left -= text.Length;
            target(Encoding.UTF8.GetString(text));
            return;
        }

        var end = _left;
        while (end > 0 && (text[end] & 0xC0) == 0x80)
        {
            end--;
        }

        _left = 0;
        target(Encoding.UTF8.GetString(text[..end]) + "… (no more is logged)");
    }
}
