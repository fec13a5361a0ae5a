using Larder.Symbols.Tables;

namespace Larder.Symbols.Search;

/// <summary>
/// Searches one table. Names that begin with the pattern are found by bisection; those that hold it by one pass over all
/// names without case; those that fit by their humps are first sieved by a word of bits each.
/// </summary>
internal sealed class TableSearch
{
    private const int RankShift = 60;
    private const int LengthShift = 48;
    private const int ModuleShift = 32;
    private const ulong MaxLength = 0xFFF;

    private const ulong ExactRank = 0;
    private const ulong SameRank = 1;
    private const ulong PrefixRank = 2;
    private const ulong HumpRank = 3;
    private const ulong SubstringRank = 4;

    private readonly SearchPattern _pattern;
    private readonly TopResults _results;
    private readonly uint _kinds;
    private readonly uint _forms;
    private readonly bool _hidden;
    private readonly bool _forwards;
    private readonly Utf8Builder _container = new();

    public TableSearch(SymbolQuery query, TopResults results)
    {
        _pattern = new SearchPattern(query.Pattern, query.Match);
        _results = results;
        _kinds = query.Kinds.IsDefaultOrEmpty ? uint.MaxValue : query.Kinds.Aggregate(0u, static (bits, kind) => bits | (1u << (int)kind));
        _forms = query.Forms.IsDefaultOrEmpty ? uint.MaxValue : query.Forms.Aggregate(0u, static (bits, form) => bits | (1u << (int)form));
        _hidden = query.IncludesHidden;
        _forwards = query.IncludesForwards || query.Forms.Contains(SymbolForm.Forward);
    }

    /// <summary>The module of a result, by its place in the list.</summary>
    public static int ModuleOf(ulong result) => (int)((result >> ModuleShift) & 0xFFFF);

    /// <summary>The symbol of a result.</summary>
    public static int SymbolOf(ulong result) => (int)(result & uint.MaxValue);

    /// <summary>How the name of a result fits.</summary>
    public static SymbolMatch MatchOf(ulong result) => (result >> RankShift) switch
    {
        ExactRank or SameRank => SymbolMatch.Exact,
        PrefixRank => SymbolMatch.Prefix,
        HumpRank => SymbolMatch.CamelHump,
        _ => SymbolMatch.Substring,
    };

    /// <summary>Searches the table of the module at this place.</summary>
    /// <exception cref="SymbolsException">The table contradicts itself.</exception>
    public void Search(SymbolTable table, int module)
    {
        try
        {
            SearchParts(table, module);
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentOutOfRangeException)
        {
            throw new SymbolsException(SymbolsErrorKind.Damaged, $"The symbol table of '{table.ModuleName}' contradicts itself.", e);
        }
    }

    private void SearchParts(SymbolTable table, int module)
    {
        var parts = new Parts(table, module);
        var from = LowerBound(parts, _pattern.Name, isEnd: false);
        var to = LowerBound(parts, _pattern.Name, isEnd: true);
        var match = _pattern.Match;
        if (match is SymbolMatch.Any or SymbolMatch.Exact or SymbolMatch.Prefix)
        {
            for (var name = from; name < to; name++)
            {
                // The number of type parameters need not be said.
                var text = parts.Name(name);
                var isWhole = text.Length == _pattern.Name.Length || text[_pattern.Name.Length] == '`';
                if (isWhole || match != SymbolMatch.Exact)
                {
                    Take(parts, name, !isWhole ? PrefixRank : text.StartsWith(_pattern.Exact) ? ExactRank : SameRank);
                }
            }
        }

        var isAny = match == SymbolMatch.Any;
        if (_pattern.CanHump && match is SymbolMatch.Any or SymbolMatch.CamelHump)
        {
            SearchHumps(parts, isAny ? from : 0, isAny ? to : 0);
        }

        if (_pattern.Name.Length > 0 && match is SymbolMatch.Any or SymbolMatch.Substring)
        {
            SearchSubstrings(parts, isAny ? from : 0, isAny ? to : 0);
        }
    }

    private void SearchHumps(in Parts parts, int from, int to)
    {
        for (var name = 0; name < parts.Humps.Length; name++)
        {
            if ((parts.Humps[name] & _pattern.FirstHump) != 0
                && (name < from || name >= to)
                && parts.LengthOf(name) >= _pattern.Name.Length
                && _pattern.FitsHumps(parts.Name(name), parts.FoldedName(name)))
            {
                Take(parts, name, HumpRank);
            }
        }
    }

    private void SearchSubstrings(in Parts parts, int from, int to)
    {
        var folded = parts.Folded;
        var alsoHumps = _pattern.Match == SymbolMatch.Any && _pattern.CanHump;
        var name = 0;
        for (var at = 0; at < folded.Length;)
        {
            var found = folded[at..].IndexOf(_pattern.Name);
            if (found < 0)
            {
                return;
            }

            name = NameAt(parts.Offsets, (uint)(at + found), name);
            var isTaken = (name >= from && name < to)
                || (alsoHumps
                    && (parts.Humps[name] & _pattern.FirstHump) != 0
                    && _pattern.FitsHumps(parts.Name(name), parts.FoldedName(name)));
            if (!isTaken)
            {
                Take(parts, name, SubstringRank);
            }

            // Forward, whatever the offsets say.
            at = (int)Math.Max((uint)(at + found + 1), parts.Offsets[++name]);
        }
    }

    private void Take(in Parts parts, int name, ulong rank)
    {
        var key = (rank << RankShift) | (Math.Min((ulong)parts.LengthOf(name), MaxLength) << LengthShift) | parts.Key;
        var end = (int)parts.Starts[name + 1];
        for (var place = (int)parts.Starts[name]; place < end; place++)
        {
            if (Fits(parts.Bits[place]) && (_pattern.Container.Length == 0 || IsIn(parts.Table, parts.Table[(int)parts.Symbols[place]])))
            {
                _results.Add(key | parts.Symbols[place]);
            }
        }
    }

    private bool Fits(uint bits)
    {
        var form = SymbolRecord.FormOf(bits);
        if ((_kinds & (1u << (int)SymbolRecord.KindOf(bits))) == 0 || (_forms & (1u << (int)form)) == 0 || (form == SymbolForm.Forward && !_forwards))
        {
            return false;
        }

        return _hidden
            || ((SymbolRecord.TraitsOf(bits) & (SymbolTraits.Exported | SymbolTraits.Generated)) == SymbolTraits.Exported && form != SymbolForm.Accessor);
    }

    // Whether the qualified name of what the symbol is declared in ends with what was asked for.
    private bool IsIn(SymbolTable table, in SymbolRecord record)
    {
        _container.Clear();
        if (record.Parent != 0)
        {
            table.AppendIdentifier((int)record.Parent - 1, _container);
        }
        else
        {
            _container.Append("N:"u8);
            _container.Append(record.Kind == SymbolKind.Type ? table.Text(record.Suffix) : []);
        }

        // The number of type parameters need not be said.
        var text = _container.Written[2..];
        return EndsWith(text, _pattern.Container) || (text.LastIndexOf((byte)'`') is > 0 and var mark && EndsWith(text[..mark], _pattern.Container));
    }

    private static bool EndsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> end)
    {
        if (text.Length < end.Length || (text.Length > end.Length && text[^(end.Length + 1)] != '.'))
        {
            return false;
        }

        var tail = text[^end.Length..];
        for (var i = 0; i < end.Length; i++)
        {
            if (NameFolding.Fold(tail[i]) != end[i])
            {
                return false;
            }
        }

        return true;
    }

    // The first name that is not before the pattern, or the first after all that begin with it.
    private static int LowerBound(in Parts parts, ReadOnlySpan<byte> pattern, bool isEnd)
    {
        int low = 0, high = parts.Humps.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            var name = parts.FoldedName(middle);
            var order = name[..Math.Min(name.Length, pattern.Length)].SequenceCompareTo(pattern);
            if (order < 0 || (isEnd && order == 0))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private static int NameAt(ReadOnlySpan<uint> offsets, uint at, int low)
    {
        // Where hits are dense, the next one is near.
        var step = 1;
        while (low + step < offsets.Length - 1 && offsets[low + step] <= at)
        {
            low += step;
            step *= 2;
        }

        var high = Math.Min(low + step, offsets.Length - 1);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (offsets[middle] <= at)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    // What a search reads of a table, taken once. Every access is within its part whatever the table says.
    private readonly ref struct Parts(SymbolTable table, int module)
    {
        public readonly SymbolTable Table = table;
        public readonly ulong Key = (ulong)module << ModuleShift;
        public readonly ReadOnlySpan<uint> Offsets = table.NameOffsets;
        public readonly ReadOnlySpan<ulong> Humps = table.NameHumps;
        public readonly ReadOnlySpan<uint> Starts = table.NameStarts;
        public readonly ReadOnlySpan<uint> Symbols = table.NameSymbols;
        public readonly ReadOnlySpan<uint> Bits = table.NameBits;
        public readonly ReadOnlySpan<byte> Names = table.Names;
        public readonly ReadOnlySpan<byte> Folded = table.Folded;

        public int LengthOf(int name) => (int)(Offsets[name + 1] - Offsets[name]) - 1;

        public ReadOnlySpan<byte> Name(int name) => Names.Slice((int)Offsets[name], LengthOf(name));

        public ReadOnlySpan<byte> FoldedName(int name) => Folded.Slice((int)Offsets[name], LengthOf(name));
    }
}
