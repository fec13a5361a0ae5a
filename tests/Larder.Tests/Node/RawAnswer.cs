using System.Globalization;
using System.Text;

namespace Larder.Tests.Node;

/// <summary>An answer as it came over the wire.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body, bool IsWhole)
{
    public int? Length => Headers.TryGetValue("Content-Length", out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    public string Text => Encoding.UTF8.GetString(Body);
}
