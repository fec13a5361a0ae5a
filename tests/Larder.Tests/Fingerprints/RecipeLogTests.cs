using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Fingerprints;

public sealed class RecipeLogTests : IDisposable
{
    private static readonly ArtifactKind Kind = ArtifactKind.Parse("handler");

    private readonly string _directory = Directory.CreateTempSubdirectory("larder-recipes-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static RecipeBuilder Base(string source = "s", string compiler = "1.0") => Recipe.For(Kind, 1)
        .AddDigestOf("source", System.Text.Encoding.UTF8.GetBytes(source))
        .Add("compiler-version", compiler)
        .AddList("arguments", "-O2", "-g");

    [Fact]
    public void Without_earlier_recipes_there_is_nothing_to_compare()
    {
        var log = new RecipeLog();
        log.Record(Recipe.For(ArtifactKind.Parse("other"), 1).Build());

        var explanation = log.Explain(Base().Build());

        Assert.Equal(MissReason.NothingToCompare, explanation.Reason);
        Assert.Null(explanation.Nearest);
        Assert.Contains("handler", explanation.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipe_that_was_seen_says_so()
    {
        var log = new RecipeLog();
        log.Record(Base().Build());

        var explanation = log.Explain(Base().Build());

        Assert.Equal(MissReason.SeenBefore, explanation.Reason);
        Assert.Empty(explanation.Differences);
    }

    [Fact]
    public void The_nearest_recipe_and_exactly_what_differs_are_named()
    {
        var log = new RecipeLog();
        var near = Base(compiler: "1.0").Build();
        log.Record(Base(source: "other", compiler: "0.9").Build());
        log.Record(near);
        log.Record(Base(source: "another", compiler: "0.8").Build());

        var explanation = log.Explain(Base(compiler: "1.1").Build());

        Assert.Equal(MissReason.Differs, explanation.Reason);
        Assert.Equal(near.Fingerprint, explanation.Nearest);
        Assert.Equal(3, explanation.Compared);
        Assert.Equal(3, explanation.EqualComponents);
        var difference = Assert.Single(explanation.Differences);
        Assert.Equal(new RecipeDifference("compiler-version", RecipeChange.Changed, "\"1.0\"", "\"1.1\""), difference);
        Assert.Contains("'compiler-version'", explanation.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Added_removed_and_changed_components_and_the_format_version_are_told_apart()
    {
        var log = new RecipeLog();
        log.Record(Recipe.For(Kind, 1).Add("stays", 1).Add("goes", "x").Add("changes", 1).Build());

        var explanation = log.Explain(Recipe.For(Kind, 2).Add("stays", 1).Add("comes", true).Add("changes", 2).Build());

        Assert.Equal(
            [
                new RecipeDifference("format version", RecipeChange.FormatVersion, "1", "2"),
                new RecipeDifference("changes", RecipeChange.Changed, "1", "2"),
                new RecipeDifference("comes", RecipeChange.Added, null, "true"),
                new RecipeDifference("goes", RecipeChange.Removed, "\"x\"", null),
            ],
            explanation.Differences);
        Assert.Equal(1, explanation.EqualComponents);
    }

    [Fact]
    public void Recency_breaks_ties_and_recording_again_renews_it()
    {
        var log = new RecipeLog();
        var (first, second) = (Base(compiler: "1").Build(), Base(compiler: "2").Build());
        log.Record(first);
        log.Record(second);
        Assert.Equal(second.Fingerprint, log.Explain(Base(compiler: "3").Build()).Nearest);

        log.Record(first);

        Assert.Equal(first.Fingerprint, log.Explain(Base(compiler: "3").Build()).Nearest);
        Assert.Equal(2, log.Entries);
        log.CheckIntegrity();
    }

    [Fact]
    public void Long_values_are_shortened_around_their_first_difference()
    {
        var log = new RecipeLog();
        var prefix = new string('p', 5_000);
        log.Record(Recipe.For(Kind, 1).Add("text", prefix + "left" + prefix).Add("more", 1).Build());

        var difference = Assert.Single(log.Explain(Recipe.For(Kind, 1).Add("text", prefix + "right" + prefix).Add("more", 1).Build()).Differences);

        Assert.Contains("left", difference.Before, StringComparison.Ordinal);
        Assert.Contains("right", difference.After, StringComparison.Ordinal);
        Assert.InRange(difference.Before!.Length, 1, RecipeText.MaxLength + 4);
    }

    [Fact]
    public void Long_lists_show_only_what_the_other_side_lacks()
    {
        var log = new RecipeLog();
        var common = Enumerable.Range(0, 300).Select(i => $"-I/include/{i}").ToArray();
        log.Record(Recipe.For(Kind, 1).AddList("arguments", [.. common, "-O2"]).Build());

        var difference = Assert.Single(log.Explain(Recipe.For(Kind, 1).AddList("arguments", [.. common, "-O3"]).Build()).Differences);

        Assert.Equal("301 items, only here: [\"-O2\"]", difference.Before);
        Assert.Equal("301 items, only here: [\"-O3\"]", difference.After);
    }

    [Fact]
    public void The_same_list_in_another_order_shows_where_the_orders_part()
    {
        var log = new RecipeLog();
        log.Record(Recipe.For(Kind, 1).AddList("arguments", "a", "b", "c").Build());

        var difference = Assert.Single(log.Explain(Recipe.For(Kind, 1).AddList("arguments", "a", "c", "b").Build()).Differences);

        Assert.Equal("order from item 1: [\"b\", \"c\"]", difference.Before);
        Assert.Equal("order from item 1: [\"c\", \"b\"]", difference.After);
    }

    [Fact]
    public void Control_characters_never_reach_a_terminal()
    {
        var text = RecipeValue.Of("a\u001b[31m\n\u202e\u2028\"").ToString();

        Assert.Equal("\"a\\u{1b}[31m\\u{a}\\u{202e}\\u{2028}\\\"\"", text);
    }

    [Fact]
    public void The_budget_is_never_passed_and_quiet_kinds_survive_a_busy_one()
    {
        var log = new RecipeLog(new RecipeLogOptions { CapacityBytes = 64 * 1024 });
        var quiet = Recipe.For(ArtifactKind.Parse("quiet"), 1).Add("n", 1).Build();
        log.Record(quiet);

        for (var i = 0; i < 2_000; i++)
        {
            log.Record(Base(compiler: new string('x', i % 700) + i).Build());
            Assert.InRange(log.Bytes, 1, 64 * 1024);
        }

        log.CheckIntegrity();
        Assert.NotNull(log.Find(quiet.Key));
        Assert.InRange(log.Entries, 50, 250);
    }

    [Fact]
    public void The_number_of_recipes_per_kind_is_bounded_and_the_latest_stay()
    {
        var log = new RecipeLog(new RecipeLogOptions { MaxRecipesPerKind = 8 });

        for (var i = 0; i < 100; i++)
        {
            log.Record(Base(compiler: $"{i}").Build());
        }

        Assert.Equal(8, log.Entries);
        Assert.Null(log.Find(Base(compiler: "91").Build().Key));
        Assert.NotNull(log.Find(Base(compiler: "92").Build().Key));
        log.CheckIntegrity();
    }

    [Fact]
    public void A_log_without_capacity_remembers_nothing()
    {
        var log = new RecipeLog(new RecipeLogOptions { CapacityBytes = 0 });

        log.Record(Base().Build());

        Assert.Equal(0, log.Entries);
        Assert.Equal(MissReason.NothingToCompare, log.Explain(Base().Build()).Reason);
    }

    [Fact]
    public void A_claimed_recipe_is_kept_only_when_it_makes_the_key()
    {
        var log = new RecipeLog();
        var recipe = Base().Build();

        Assert.False(log.TryRecord(Base(compiler: "2").Build().Key, recipe.Encoded));
        Assert.False(log.TryRecord(new ArtifactKey(ArtifactKind.Parse("other"), recipe.Fingerprint), recipe.Encoded));
        Assert.False(log.TryRecord(recipe.Key, recipe.Encoded[..^1]));
        Assert.False(log.TryRecord(recipe.Key, default));
        Assert.Equal(0, log.Entries);

        Assert.True(log.TryRecord(recipe.Key, recipe.Encoded));
        Assert.True(log.TryRecord(recipe.Key, default));
        Assert.Equal(recipe, log.Find(recipe.Key));
    }

    [Fact]
    public async Task Concurrent_use_keeps_the_books()
    {
        var log = new RecipeLog(new RecipeLogOptions { CapacityBytes = 32 * 1024, MaxRecipesPerKind = 32 });

        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var generator = new RecipeGenerator(worker);
            for (var i = 0; i < 3_000; i++)
            {
                var recipe = generator.Next();
                Assert.Equal(recipe.Key, log.Explain(recipe).Key);
                log.Record(recipe);
            }
        })));

        log.CheckIntegrity();
    }

    [Fact]
    public async Task A_saved_log_is_loaded_as_older_than_what_came_since()
    {
        var path = Path.Combine(_directory, "recipes");
        var (old, recent) = (Base(compiler: "1").Build(), Base(compiler: "2").Build());
        var before = new RecipeLog();
        before.Record(old);
        await before.SaveAsync(path, TestContext.Current.CancellationToken);
        var after = new RecipeLog();
        after.Record(recent);

        var loaded = await after.LoadAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal(1, loaded);
        Assert.Equal(2, after.Entries);
        Assert.Equal(recent.Fingerprint, after.Explain(Base(compiler: "3").Build()).Nearest);
        Assert.Equal(old, after.Find(old.Key));
        Assert.Equal([path], Directory.GetFiles(_directory));
        after.CheckIntegrity();
    }

    [Fact]
    public async Task A_damaged_file_is_an_empty_log_at_every_byte_and_length()
    {
        var token = TestContext.Current.CancellationToken;
        var path = Path.Combine(_directory, "recipes");
        var log = new RecipeLog();
        log.Record(Base().Build());
        await log.SaveAsync(path, token);
        var good = await File.ReadAllBytesAsync(path, token);

        for (var i = 0; i < good.Length; i++)
        {
            var bad = good.ToArray();
            bad[i] ^= 0x10;
            await File.WriteAllBytesAsync(path, bad, token);
            Assert.Equal(0, await new RecipeLog().LoadAsync(path, token));
            await File.WriteAllBytesAsync(path, good.AsMemory(0, i), token);
            Assert.Equal(0, await new RecipeLog().LoadAsync(path, token));
        }

        Assert.Equal(0, await new RecipeLog().LoadAsync(Path.Combine(_directory, "absent"), token));
    }
}
