using System.Text;
using System.Xml;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Details;

/// <summary>
/// A documentation file by its members. Only where each one stands is kept, in sixteen bytes; its text is read from the file
/// when it is asked for. Immutable.
/// </summary>
internal sealed class XmlDocumentation
{
    private const long MaxFileBytes = 256L * 1024 * 1024;
    private const int MaxMemberBytes = 1024 * 1024;
    private const int MaxText = 64 * 1024;

    private readonly string _path;

    // Hashes of identifiers in order, and where the members stand.
    private readonly uint[] _hashes;
    private readonly (int Offset, int Length)[] _places;

    private XmlDocumentation(string path, DateTime writtenAt, uint[] hashes, (int Offset, int Length)[] places)
    {
        _path = path;
        WrittenAt = writtenAt;
        _hashes = hashes;
        _places = places;
    }

    /// <summary>When the file was written that the index is of.</summary>
    public DateTime WrittenAt { get; }

    public long WeightBytes => 128 + (12L * _hashes.Length);

    public int Count => _hashes.Length;

    private static ReadOnlySpan<byte> Opening => "<member name=\""u8;

    private static ReadOnlySpan<byte> Closing => "</member>"u8;

    /// <summary>Reads where the members of a file stand. What is not a documentation file has none.</summary>
    public static XmlDocumentation Index(string path, DateTime writtenAt)
    {
        if (new FileInfo(path).Length > MaxFileBytes)
        {
            return new XmlDocumentation(path, writtenAt, [], []);
        }

        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        var hashes = new List<uint>();
        var places = new List<(int Offset, int Length)>();
        for (var at = 0; ;)
        {
            var start = bytes[at..].IndexOf(Opening);
            if (start < 0)
            {
                break;
            }

            start += at;
            var name = bytes[(start + Opening.Length)..];
            var end = name.IndexOf((byte)'"');
            var close = end < 0 ? -1 : name[end..].IndexOf(Closing);
            if (close < 0)
            {
                break;
            }

            var length = Opening.Length + end + close + Closing.Length;
            if (length <= MaxMemberBytes)
            {
                hashes.Add(NameHash.Of(name[..end]));
                places.Add((start, length));
            }

            at = start + length;
        }

        var order = hashes.ToArray();
        var sorted = places.ToArray();
        Array.Sort(order, sorted);
        return new XmlDocumentation(path, writtenAt, order, sorted);
    }

    /// <summary>The documentation of a member as plain text; null when there is none.</summary>
    public string? Find(string id)
    {
        var name = Encoding.UTF8.GetBytes(id);
        var hash = NameHash.Of(name);
        var place = Array.BinarySearch(_hashes, hash);
        while (place > 0 && _hashes[place - 1] == hash)
        {
            place--;
        }

        for (; place >= 0 && place < _hashes.Length && _hashes[place] == hash; place++)
        {
            var bytes = new byte[_places[place].Length];
            using var file = File.OpenHandle(_path);
            if (RandomAccess.Read(file, bytes, _places[place].Offset) == bytes.Length
                && bytes.AsSpan(Opening.Length).StartsWith(name)
                && bytes[Opening.Length + name.Length] == '"')
            {
                return Render(Encoding.UTF8.GetString(bytes));
            }
        }

        return null;
    }

    private static string? Render(string xml)
    {
        var text = new StringBuilder();
        try
        {
            using var reader = XmlReader.Create(
                new StringReader(xml),
                new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, ConformanceLevel = ConformanceLevel.Fragment, XmlResolver = null });
            while (reader.Read() && text.Length < MaxText)
            {
                if (reader.NodeType == XmlNodeType.Element)
                {
                    Begin(reader, text);
                }
                else if (reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace)
                {
                    Append(text, reader.Value);
                }
            }
        }
        catch (XmlException)
        {
            // What was read up to there is shown.
        }

        var whole = text.ToString().Trim();
        return whole.Length == 0 ? null : whole;
    }

    private static void Begin(XmlReader reader, StringBuilder text)
    {
        switch (reader.Name)
        {
            case "param" or "typeparam" or "exception" when (reader.GetAttribute("name") ?? Short(reader.GetAttribute("cref"))) is { } name:
                Line(text).Append(name).Append(": ");
                break;
            case "returns" or "value":
                Line(text).Append("Returns: ");
                break;
            case "remarks" or "example" or "para" or "item":
                Line(text);
                break;
            case "see" or "seealso" or "paramref" or "typeparamref":
                text.Append(Short(reader.GetAttribute("cref")) ?? reader.GetAttribute("name") ?? reader.GetAttribute("langword") ?? "");
                break;
        }
    }

    private static string? Short(string? reference) => reference is null ? null
        : reference.Length > 2 && reference[1] == ':' ? reference[2..] : reference;

    private static StringBuilder Line(StringBuilder text) => text.Length == 0 || text[^1] == '\n' ? text : text.Append('\n');

    // White space counts as one space, as it does where documentation is shown.
    private static void Append(StringBuilder text, string value)
    {
        foreach (var letter in value)
        {
            if (!char.IsWhiteSpace(letter))
            {
                text.Append(letter);
            }
            else if (text.Length > 0 && text[^1] is not (' ' or '\n'))
            {
                text.Append(' ');
            }
        }
    }
}
