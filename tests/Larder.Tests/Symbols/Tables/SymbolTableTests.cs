using System.Text;
using Larder.Cache.Integrity;
using Larder.Symbols;
using Larder.Symbols.Modules;
using Larder.Symbols.Search;
using Larder.Symbols.Tables;
using Larder.Tests.Symbols.Support;

namespace Larder.Tests.Symbols.Tables;

/// <summary>The form of tables: the same everywhere, found by every identifier, and harmless whatever it holds.</summary>
public sealed class SymbolTableTests
{
    private static readonly byte[] Bytes = Make(Sample.Assembly("Sample", "Some.Class", "First", "Second", "Third"));

    [Fact]
    public void Equal_modules_have_equal_tables()
    {
        var module = File.ReadAllBytes(typeof(Larder.Cache.TieredCache).Assembly.Location);
        Assert.Equal(Make(module), Make(module));
    }

    [Fact]
    public void Every_identifier_of_the_core_library_leads_back_to_its_symbol()
    {
        using var table = SymbolTable.Open(TableMemory.Copy(Make(File.ReadAllBytes(typeof(object).Assembly.Location))));

        for (var symbol = 0; symbol < table.Count; symbol++)
        {
            Assert.Equal(symbol, table.Find(Encoding.UTF8.GetBytes(table.IdentifierOf(symbol))));
        }

        Assert.Equal(-1, table.Find("T:System.Strin"u8));
        Assert.Equal(-1, table.Find("M:System.String"u8));
        Assert.Equal(-1, table.Find(""u8));
        Assert.Equal(-1, table.Find("T:"u8));
    }

    [Fact]
    public void Identifiers_are_those_of_documentation_comments()
    {
        using var table = SymbolTable.Open(TableMemory.Copy(Make(File.ReadAllBytes(typeof(object).Assembly.Location))));

        foreach (var id in (string[])
        [
            "A:System.Private.CoreLib",
            "T:System.Collections.Generic.Dictionary`2",
            "T:System.Collections.Generic.Dictionary`2.Enumerator",
            "M:System.String.#ctor(System.Char,System.Int32)",
            "M:System.Array.ConvertAll``2(``0[],System.Converter{``0,``1})",
            "M:System.Collections.Generic.List`1.GetEnumerator",
            "M:System.Collections.Generic.List`1.System#Collections#Generic#IEnumerable{T}#GetEnumerator",
            "M:System.Decimal.op_Explicit(System.Decimal)~System.Int32",
            "P:System.String.Chars(System.Int32)",
            "E:System.AppDomain.ProcessExit",
            "F:System.Int32.MaxValue",
            "F:System.DayOfWeek.Monday",
            "M:System.Int32.TryParse(System.String,System.Int32@)",
        ])
        {
            Assert.True(table.Find(Encoding.UTF8.GetBytes(id)) >= 0, $"{id} is not found.");
        }
    }

    [Fact]
    public void Every_flipped_byte_is_noticed()
    {
        for (var at = 0; at < Bytes.Length; at++)
        {
            var damaged = (byte[])Bytes.Clone();
            damaged[at] ^= 0x40;

            var failure = Assert.Throws<SymbolsException>(() => SymbolTable.Open(TableMemory.Copy(damaged)));
            Assert.Equal(SymbolsErrorKind.Damaged, failure.Kind);
        }
    }

    [Fact]
    public void Every_other_length_is_noticed()
    {
        for (var length = 0; length < Bytes.Length; length += 3)
        {
            Assert.Throws<SymbolsException>(() => SymbolTable.Open(TableMemory.Copy(Bytes.AsSpan(0, length))));
        }

        Assert.Throws<SymbolsException>(() => SymbolTable.Open(TableMemory.Copy([.. Bytes, 0])));
    }

    [Fact]
    public void A_table_that_lies_under_a_right_checksum_is_harmless()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 3000; round++)
        {
            var lying = (byte[])Bytes.Clone();
            for (var flips = random.Next(1, 8); flips > 0; flips--)
            {
                lying[random.Next(TableHeader.CheckedFrom, lying.Length)] = (byte)random.Next(256);
            }

            BitConverter.TryWriteBytes(lying.AsSpan(12), Crc32C.Compute(lying.AsSpan(TableHeader.CheckedFrom)));
            try
            {
                using var table = SymbolTable.Open(TableMemory.Copy(lying));
                Use(table);
            }
            catch (SymbolsException)
            {
                // That is what it is to say.
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e}");
            }
        }
    }

    private static void Use(SymbolTable table)
    {
        foreach (var pattern in (string[])["", "i", "Fir", "first", "SC", "Class.Sec"])
        {
            new TableSearch(new SymbolQuery { Pattern = pattern, IncludesHidden = true }, new TopResults(10)).Search(table, 0);
        }

        for (var symbol = 0; symbol < table.Count; symbol++)
        {
            table.IdentifierOf(symbol);
            Larder.Symbols.Details.SymbolBuilder.Symbol(table, Sample.Module("m"), symbol, "x");
        }

        Assert.True(table.References.Count() < Bytes.Length);
    }

    private static byte[] Make(byte[] module)
    {
        using var bytes = new ModuleBytes(module);
        return ModuleReader.MakeTable(bytes, "/m.dll", ModuleReader.Digest(bytes));
    }
}
