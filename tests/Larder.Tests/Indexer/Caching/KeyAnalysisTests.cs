using System.Text;
using Larder.Indexer;
using Larder.Indexer.Caching;

namespace Larder.Tests.Indexer.Caching;

/// <summary>The analysis of key prefixes, the counting of keys, and keys as text.</summary>
public sealed class KeyAnalysisTests
{
    [Theory]
    [InlineData("/blockhash/byheight/\u0001\u0002", "/blockhash/byheight/")]
    [InlineData("/blockhash/byheight/12/rest", "/blockhash/byheight/12/")]
    [InlineData("/short/x", "")]
    [InlineData("no slash at all", "")]
    [InlineData("/long-enough/but/", "")]
    [InlineData("", "")]
    public void The_prefix_is_the_longest_run_that_ends_with_a_slash(string key, string prefix) =>
        Assert.Equal(prefix, Encoding.UTF8.GetString(KeyPrefixAnalysis.PrefixOf(Encoding.UTF8.GetBytes(key), 8, 64)));

    [Fact]
    public void A_prefix_is_no_longer_than_asked_for() =>
        Assert.Equal("/aaaa/bbbb/", Encoding.UTF8.GetString(KeyPrefixAnalysis.PrefixOf("/aaaa/bbbb/cccc/"u8, 1, 15)));

    [Fact]
    public void Lookups_are_counted_by_prefix_with_their_keys()
    {
        using var cache = new ReadCache(new ReadCacheOptions { SizeBytes = 1 << 20 });
        var value = new ValueBuffer();
        cache.StartDebugging();
        for (var number = 0; number < 30; number++)
        {
            cache.TryGet(CachePartition.Main, 0, Key("/balances/byaddress/", number % 10), value);
            cache.Set(CachePartition.Main, 0, Key("/balances/byaddress/", number % 10), [1]);
        }

        cache.TryGet(CachePartition.Main, 0, Key("/rarely/read/", 1), value);
        cache.TryGet(CachePartition.Main, 0, [1, 2, 3], value);

        var report = cache.GetKeyPrefixReport();

        Assert.True(cache.IsDebugging);
        Assert.Equal(32, report!.Lookups);
        Assert.Equal(1, report.OtherLookups);
        Assert.Equal(new KeyPrefixFigures("/balances/byaddress/", 20, 10, 10), Assert.Single(report.Prefixes));
        Assert.Contains("/balances/byaddress/", report.ToString(), StringComparison.Ordinal);
        cache.StopDebugging();
        Assert.Null(cache.GetKeyPrefixReport());
    }

    [Fact]
    public void A_parent_goes_where_a_child_has_four_fifths_of_its_traffic()
    {
        var analysis = new KeyPrefixAnalysis(new KeyPrefixOptions { MinLength = 1 });
        Record(analysis, "/parent/child/", 80);
        Record(analysis, "/parent/", 100);
        Record(analysis, "/other/child/", 79);
        Record(analysis, "/other/", 100);
        Record(analysis, "/", 100);

        Assert.Equal(
            ["/other/", "/parent/child/", "/other/child/"],
            analysis.GetReport().Prefixes.Select(prefix => prefix.Prefix));
    }

    [Fact]
    public void At_most_twenty_prefixes_are_reported_and_so_many_kept()
    {
        var analysis = new KeyPrefixAnalysis(new KeyPrefixOptions { MaxPrefixes = 100 });
        for (var prefix = 0; prefix < 1000; prefix++)
        {
            Record(analysis, $"/prefix/number{prefix}/", 3 + (prefix / 100));
        }

        var report = analysis.GetReport();

        Assert.Equal(20, report.Prefixes.Length);
        Assert.True(report.DroppedPrefixes >= 900);
        Assert.True(report.Prefixes.Zip(report.Prefixes.Skip(1)).All(pair => pair.First.Lookups >= pair.Second.Lookups));
    }

    [Fact]
    public void Hints_tell_what_a_cache_can_do()
    {
        var analysis = new KeyPrefixAnalysis(new KeyPrefixOptions());
        Record(analysis, "/reads/once/", 100);
        for (var round = 0; round < 100; round++)
        {
            analysis.Record(Key("/reads/again/", round % 5), isHit: true);
        }

        var hints = analysis.GetReport().Hints;

        Assert.Contains(hints, hint => hint.StartsWith("/reads/once/", StringComparison.Ordinal) && hint.Contains("once:", StringComparison.Ordinal));
        Assert.Contains(hints, hint => hint.StartsWith("/reads/again/", StringComparison.Ordinal) && hint.Contains("hits", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, 64, 3, 10)]
    [InlineData(8, 7, 3, 10)]
    [InlineData(8, 257, 3, 10)]
    [InlineData(8, 64, 0, 10)]
    [InlineData(8, 64, 3, 1)]
    public void Options_out_of_range_are_refused(int min, int max, int keys, int prefixes)
    {
        var options = new KeyPrefixOptions { MinLength = min, MaxLength = max, MinKeys = keys, MaxPrefixes = prefixes };

        Assert.Equal(IndexerErrorKind.Configuration, Assert.Throws<IndexerException>(() => new KeyPrefixAnalysis(options)).Kind);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    [InlineData(1_000_000)]
    public void Keys_are_counted_exactly_while_few_and_closely_when_many(int keys)
    {
        var sketch = new KeySketch();
        for (var round = 0; round < 2; round++)
        {
            for (var number = 0; number < keys; number++)
            {
                sketch.Add(KeyHash.Of(0, BitConverter.GetBytes(number)));
            }
        }

        var error = keys <= 64 ? 0 : keys * 0.2;
        Assert.InRange(sketch.Count, keys - error, keys + error);
    }

    [Theory]
    [InlineData("2F626C6F636B2F", "/block/")]
    [InlineData("2F622F01000000", "/b/1")]
    [InlineData("2F622F0100000000000080", "/b/9223372036854775809")]
    [InlineData("2F622F000102030405060708090A0B0C0D0E0F10111213", "/b/0x0001020304050607…")]
    [InlineData("FF00FF", "0xff00ff")]
    [InlineData("6162636465666700", "abcdefg\\x00")]
    [InlineData("", "")]
    [InlineData("C3A9", "é")]
    [InlineData("2F2F", "//")]
    public void Keys_are_shown_by_their_parts(string hex, string text) =>
        Assert.Equal(text, KeyText.Describe(Convert.FromHexString(hex)));

    [Fact]
    public void Any_bytes_can_be_shown()
    {
        var random = new Random(11);
        for (var round = 0; round < 3000; round++)
        {
            var key = new byte[random.Next(random.Next(50) == 0 ? 5000 : 70)];
            random.NextBytes(key);
            for (var slash = random.Next(4); slash > 0 && key.Length > 0; slash--)
            {
                key[random.Next(key.Length)] = (byte)'/';
            }

            var text = KeyText.Describe(key);

            Assert.DoesNotContain(text, char.IsControl);
            Assert.True(text.Length < 2500);
        }
    }

    private static void Record(KeyPrefixAnalysis analysis, string prefix, int lookups)
    {
        for (var number = 0; number < lookups; number++)
        {
            analysis.Record(Key(prefix, number), isHit: false);
        }
    }

    private static byte[] Key(string prefix, int number) => [.. Encoding.UTF8.GetBytes(prefix), 0xff, .. BitConverter.GetBytes(number)];
}
