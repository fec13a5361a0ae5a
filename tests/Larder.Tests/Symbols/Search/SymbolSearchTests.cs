using System.Text;
using Larder.Symbols;
using Larder.Symbols.Modules;
using Larder.Symbols.Search;
using Larder.Symbols.Tables;
using Larder.Tests.Symbols.Support;

namespace Larder.Tests.Symbols.Search;

/// <summary>Searches against the plainest way to search.</summary>
public sealed class SymbolSearchTests
{
    public static TheoryData<string, string, bool> Humps => new()
    {
        { "SR", "StreamReader", true },
        { "StRe", "StreamReader", true },
        { "streamr", "StreamReader", true },
        { "StrReader", "StreamReader", true },
        { "Reader", "StreamReader", true },
        { "eader", "StreamReader", false },
        { "SRd", "StreamReader", false },
        { "RS", "StreamReader", false },
        { "XD", "XMLDocument", true },
        { "XMLD", "XMLDocument", true },
        { "v128", "Vector128", true },
        { "sc", "snake_case_name", true },
        { "scn", "snake_case_name", true },
        { "akecase", "snake_case_name", false },
        { "aaab", "AaAaAb", true },
    };

    [Theory]
    [MemberData(nameof(Humps))]
    public void Humps_fit_as_people_expect(string pattern, string name, bool fits)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        var folded = Encoding.UTF8.GetBytes(name.ToLowerInvariant());

        Assert.Equal(fits, new SearchPattern(pattern, SymbolMatch.Any).FitsHumps(bytes, folded));
    }

    [Fact]
    public async Task A_search_finds_exactly_what_looking_at_every_symbol_finds()
    {
        await using var workspace = new SymbolWorkspace();
        var path = typeof(object).Assembly.Location;
        await workspace.LoadAsync([path]);
        using var bytes = ModuleReader.ReadFile(path);
        using var table = SymbolTable.Open(TableMemory.Copy(ModuleReader.MakeTable(bytes, path, ModuleReader.Digest(bytes))));
        foreach (var pattern in (string[])["trim", "Trim", "e", "SB", "String.Ind", "System.Text.StringB", ".ctor", "List", "zz9", "get_", "IDisp", "op_Add"])
        {
            foreach (var match in Enum.GetValues<SymbolMatch>())
            {
                foreach (var hidden in (bool[])[false, true])
                {
                    var query = new SymbolQuery { Pattern = pattern, Match = match, IncludesHidden = hidden, IncludesForwards = true, Limit = SymbolQuery.MaxLimit };
                    var found = workspace.Find(query);

                    var expected = Oracle(table, query);
                    Assert.Equal((pattern, match, hidden, expected.Count), (pattern, match, hidden, (int)found.Total));
                    if (found.Total <= query.Limit)
                    {
                        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Hits.Select(static hit => hit.Key.Id).Order(StringComparer.Ordinal));
                    }
                }
            }
        }
    }

    [Fact]
    public async Task The_best_come_first_and_the_limit_keeps_them()
    {
        await using var workspace = new SymbolWorkspace();
        await workspace.LoadAsync(ModuleFiles.OfFramework());

        var all = workspace.Find(new SymbolQuery { Pattern = "string", Limit = 5000 });
        var few = workspace.Find(new SymbolQuery { Pattern = "string", Limit = 10 });

        Assert.Equal(all.Total, few.Total);
        Assert.Equal(all.Hits.Take(10).Select(static hit => hit.Key), few.Hits.Select(static hit => hit.Key));
        var order = all.Hits.Select(static hit => (Rank(hit.Match), hit.Name.Length)).ToArray();
        Assert.Equal(order.Order(), order);
        Assert.Equal("String", few.Hits[0].Name, ignoreCase: true);
    }

    [Fact]
    public async Task Filters_pick_kinds_forms_and_modules()
    {
        await using var workspace = new SymbolWorkspace();
        await workspace.LoadAsync(ModuleFiles.OfFramework());

        var types = workspace.Find(new SymbolQuery { Pattern = "Json", Kinds = [SymbolKind.Type], Module = "System.Text.*", Limit = 1000 });
        var interfaces = workspace.Find(new SymbolQuery { Pattern = "IEnumerable", Forms = [SymbolForm.Interface], Match = SymbolMatch.Exact });
        var constants = workspace.Find(new SymbolQuery { Pattern = "MaxValue", Kinds = [SymbolKind.Constant], Match = SymbolMatch.Exact });
        var none = workspace.Find(new SymbolQuery { Pattern = "String", Module = "No.Such.*" });

        Assert.NotEmpty(types.Hits);
        Assert.All(types.Hits, static hit => Assert.True(hit.Kind == SymbolKind.Type && hit.Module.StartsWith("System.Text.", StringComparison.Ordinal)));
        Assert.Equal(
            ["T:System.Collections.Generic.IEnumerable`1", "T:System.Collections.IEnumerable"],
            interfaces.Hits.Select(static hit => hit.Key.Id).Order(StringComparer.Ordinal).Where(static id => id.StartsWith("T:System.Coll", StringComparison.Ordinal)));
        Assert.Contains(constants.Hits, static hit => hit.Key.Id == "F:System.Int32.MaxValue");
        Assert.All(constants.Hits, static hit => Assert.Equal(SymbolKind.Constant, hit.Kind));
        Assert.Equal((0, 0), (none.Total, none.Modules));
    }

    [Fact]
    public async Task What_is_hidden_or_forwarded_is_found_only_when_asked_for()
    {
        using var folder = new TestFolder();
        await File.WriteAllBytesAsync(folder["a.dll"], Sample.Assembly("a", "Some.Class", "Visible"));
        await using var workspace = new SymbolWorkspace();
        await workspace.LoadAsync([folder["a.dll"], Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "System.Runtime.dll")]);

        Assert.Equal(0, workspace.Find(new SymbolQuery { Pattern = "_hidden" }).Total);
        Assert.Equal(1, workspace.Find(new SymbolQuery { Pattern = "_hidden", IncludesHidden = true }).Total);
        Assert.Equal(0, workspace.Find(new SymbolQuery { Pattern = "DateTimeOffset", Match = SymbolMatch.Exact }).Total);
        Assert.Equal(1, workspace.Find(new SymbolQuery { Pattern = "DateTimeOffset", Match = SymbolMatch.Exact, IncludesForwards = true }).Total);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(SymbolQuery.MaxLimit + 1)]
    public async Task A_limit_out_of_range_is_refused(int limit)
    {
        await using var workspace = new SymbolWorkspace();

        var failure = Assert.Throws<SymbolsException>(() => workspace.Find(new SymbolQuery { Pattern = "x", Limit = limit }));
        Assert.Equal(SymbolsErrorKind.Configuration, failure.Kind);
        Assert.Throws<SymbolsException>(() => workspace.Find(new SymbolQuery { Pattern = new string('x', SymbolQuery.MaxPatternBytes + 1) }));
    }

    [Fact]
    public void The_smallest_are_kept()
    {
        var random = new Random(7);
        var values = Enumerable.Range(0, 5000).Select(_ => (ulong)random.Next(2000)).ToArray();
        var top = new TopResults(100);

        foreach (var value in values)
        {
            top.Add(value);
        }

        Assert.Equal(values.Order().Take(100), top.Sorted());
        Assert.Equal(5000, top.Total);
    }

    private static int Rank(SymbolMatch match) => match switch
    {
        SymbolMatch.Exact => 0,
        SymbolMatch.Prefix => 1,
        SymbolMatch.CamelHump => 2,
        _ => 3,
    };

    // Splits, compares and filters strings, one symbol at a time.
    private static List<string> Oracle(SymbolTable table, SymbolQuery query)
    {
        var point = query.Pattern.LastIndexOf('.');
        var isSplit = point > 0 && point < query.Pattern.Length - 1;
        var container = isSplit ? query.Pattern[..point] : "";
        var name = isSplit ? query.Pattern[(point + 1)..] : query.Pattern;
        var humps = new SearchPattern(name, query.Match);
        var found = new List<string>();
        for (var symbol = 0; symbol < table.Count; symbol++)
        {
            ref readonly var record = ref table[symbol];
            var text = Encoding.UTF8.GetString(table.NameOf(symbol));
            var isPrefix = Lower(text).StartsWith(Lower(name), StringComparison.Ordinal);
            var isHump = humps.FitsHumps(table.NameOf(symbol), Encoding.UTF8.GetBytes(Lower(text)));
            var isPart = Lower(text).Contains(Lower(name), StringComparison.Ordinal);
            var fits = query.Match switch
            {
                SymbolMatch.Exact => Lower(text) == Lower(name) || Lower(text).StartsWith(Lower(name) + "`", StringComparison.Ordinal),
                SymbolMatch.Prefix => isPrefix,
                SymbolMatch.CamelHump => isHump,
                SymbolMatch.Substring => isPart,
                _ => isPart || isHump,
            };
            var isVisible = query.IncludesHidden
                || ((record.Traits & (SymbolTraits.Exported | SymbolTraits.Generated)) == SymbolTraits.Exported && record.Form != SymbolForm.Accessor);
            if (fits && isVisible && IsIn(table, record, container))
            {
                found.Add(table.IdentifierOf(symbol));
            }
        }

        return found;
    }

    private static bool IsIn(SymbolTable table, in SymbolRecord record, string container)
    {
        if (container.Length == 0)
        {
            return true;
        }

        var around = record.Parent != 0 ? table.QualifiedNameOf((int)record.Parent - 1)
            : record.Kind == SymbolKind.Type ? table.TextString(record.Suffix) : "";
        bool Ends(string text) => ("." + Lower(text)).EndsWith("." + Lower(container), StringComparison.Ordinal);
        return Ends(around) || (around.LastIndexOf('`') is > 0 and var mark && Ends(around[..mark]));
    }

    private static string Lower(string text) =>
        string.Concat(text.Select(static letter => char.IsAsciiLetterUpper(letter) ? char.ToLowerInvariant(letter) : letter));
}
