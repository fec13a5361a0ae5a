using System.Text;

namespace Larder.Cache.Redis.Protocol;

/// <summary>A whole reply as a tree, for the few small ones that are not bytes. Immutable.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Number">The integer.</param>
/// <param name="Bytes">The bulk; null for others.</param>
/// <param name="Items">The elements of an array; empty for others.</param>
/// <param name="Line">The line of a status or an error; null for others.</param>
internal sealed record RespValue(RespType Type, long Number, byte[]? Bytes, RespValue[] Items, string? Line)
{
    /// <summary>A bulk or a line as text; empty for others.</summary>
    public string Text => Bytes is not null ? Encoding.UTF8.GetString(Bytes) : Line ?? string.Empty;

    /// <summary>The value beside a name in a map; null when there is none.</summary>
    public RespValue? Field(string name)
    {
        for (var i = 0; i + 1 < Items.Length; i += 2)
        {
            if (Items[i].Text == name)
            {
                return Items[i + 1];
            }
        }

        return null;
    }
}
