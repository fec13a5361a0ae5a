using System.Text;
using Larder.Symbols.Tables;

namespace Larder.Symbols.Search;

/// <summary>A query's pattern, prepared once for all modules.</summary>
internal sealed class SearchPattern
{
    // Bit of every place of the pattern where a letter stands, for letters of ASCII; others share the last.
    private readonly ulong[] _places = new ulong[129];

    public SearchPattern(string pattern, SymbolMatch match)
    {
        var bytes = Encoding.UTF8.GetBytes(pattern);
        if (bytes.Length > SymbolQuery.MaxPatternBytes)
        {
            throw new SymbolsException(
                SymbolsErrorKind.Configuration, $"The pattern has {bytes.Length} bytes; it may have {SymbolQuery.MaxPatternBytes}.");
        }

        Match = match;

        // A point at either end belongs to the name, as in ".ctor" and "String..ctor".
        var point = bytes.AsSpan().LastIndexOf((byte)'.');
        point -= point > 0 && bytes[point - 1] == '.' ? 1 : 0;
        var isSplit = point > 0 && point < bytes.Length - 1;
        Container = isSplit ? Folded(bytes.AsSpan(0, point)) : [];
        Exact = isSplit ? bytes[(point + 1)..] : bytes;
        Name = Folded(Exact);
        for (var i = 0; i < Name.Length && i < 63; i++)
        {
            _places[Math.Min(Name[i], (byte)128)] |= 1UL << i;
        }

        CanHump = Name.Length is > 0 and < 63;
        FirstHump = Name.Length > 0 ? NameFolding.Bit(Name[0]) : 0;
    }

    public SymbolMatch Match { get; }

    /// <summary>The name that is searched, as given.</summary>
    public byte[] Exact { get; }

    /// <summary>The same without case.</summary>
    public byte[] Name { get; }

    /// <summary>What the symbol must be declared in, without case; empty for anything.</summary>
    public byte[] Container { get; }

    public bool CanHump { get; }

    /// <summary>A name without this hump cannot fit by its humps.</summary>
    public ulong FirstHump { get; }

    /// <summary>
    /// Whether the pattern is made of beginnings of humps, in order. All ways to divide it are followed at once: a bit for
    /// every place of the pattern that can be reached.
    /// </summary>
    public bool FitsHumps(ReadOnlySpan<byte> name, ReadOnlySpan<byte> folded)
    {
        var end = 1UL << Name.Length;
        var reached = 1UL;
        var running = 0UL;
        for (var i = 0; i < name.Length; i++)
        {
            var places = _places[Math.Min(folded[i], (byte)128)];
            if (places == 0)
            {
                running = 0;
                continue;
            }

            var from = NameFolding.IsHump(name, i) ? running | reached : running;
            running = (from & places) << 1;
            reached |= running;
            if ((reached & end) != 0)
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] Folded(ReadOnlySpan<byte> text)
    {
        var folded = new byte[text.Length];
        NameFolding.Fold(text, folded);
        return folded;
    }
}
