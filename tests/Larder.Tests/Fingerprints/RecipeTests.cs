using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Tests.Fingerprints;

public sealed class RecipeTests(ITestOutputHelper output)
{
    private static readonly ArtifactKind Kind = ArtifactKind.Parse("handler");

    private static RecipeBuilder Complete() => Recipe.For(Kind, 3)
        .Add("source", Fingerprint.OfContent("export default 1"u8))
        .Add("compiler-version", "1.2.3")
        .Add("optimise", true)
        .Add("stack-bytes", 65_536)
        .Add("salt", "\x01\x02"u8)
        .AddList("arguments", "-O2", "-g")
        .AddSet("features", "simd", "threads");

    [Fact]
    public void The_encoding_of_a_small_recipe_is_the_documented_one()
    {
        var recipe = Recipe.For(ArtifactKind.Parse("k"), 7).Add("b", true).Add("a", "é").Build();

        var expected = Convert.FromHexString(
            "4c52435001" + "016b" + "07000000" + "0200"
            + "0161" + "02" + "02000000" + "c3a9"
            + "0162" + "04" + "01000000" + "01");
        Assert.Equal(expected, recipe.Encoded.ToArray());
        Assert.Equal(Fingerprint.OfContent(expected), recipe.Fingerprint);
        Assert.Equal(new ArtifactKey(ArtifactKind.Parse("k"), recipe.Fingerprint), recipe.Key);
    }

    [Fact]
    public void The_encoding_of_a_set_is_the_documented_one()
    {
        var recipe = Recipe.For(ArtifactKind.Parse("k"), 0).Add("s", RecipeValue.OfSet(RecipeValue.Of(-1), RecipeValue.Of("z"))).Build();

        var expected = Convert.FromHexString(
            "4c52435001" + "016b" + "00000000" + "0100"
            + "0173" + "07" + "17000000" + "02000000"
            + "02" + "01000000" + "7a"
            + "03" + "08000000" + "ffffffffffffffff");
        Assert.Equal(expected, recipe.Encoded.ToArray());
    }

    [Fact]
    public void Two_recipes_share_an_encoding_only_when_they_are_the_same()
    {
        const int Seed = 20_260_101;
        output.WriteLine($"seed {Seed}");
        var generator = new RecipeGenerator(Seed);
        var byEncoding = new Dictionary<string, string>(StringComparer.Ordinal);
        var distinct = 0;

        for (var i = 0; i < 50_000; i++)
        {
            var recipe = generator.Next();
            var meaning = Describe(recipe);
            var encoding = Convert.ToHexString(recipe.Encoded.Span);
            if (byEncoding.TryGetValue(encoding, out var other))
            {
                Assert.Equal(other, meaning);
            }
            else
            {
                byEncoding.Add(encoding, meaning);
                distinct++;
            }
        }

        Assert.Equal(distinct, byEncoding.Values.Distinct(StringComparer.Ordinal).Count());
        Assert.InRange(distinct, 10_000, 49_999);
    }

    [Fact]
    public void Decoding_gives_back_the_same_recipe_and_the_same_bytes()
    {
        const int Seed = 4711;
        output.WriteLine($"seed {Seed}");
        var generator = new RecipeGenerator(Seed);

        for (var i = 0; i < 5_000; i++)
        {
            var recipe = generator.Next();
            var decoded = Recipe.Decode(recipe.Encoded);

            Assert.Equal(Describe(recipe), Describe(decoded));
            Assert.Equal(recipe, decoded);
            Assert.Equal(recipe.Fingerprint, decoded.Fingerprint);
        }
    }

    [Fact]
    public void A_changed_byte_is_refused_or_is_another_recipe_in_canonical_form()
    {
        var encoded = Complete().Build().Encoded.ToArray();

        for (var i = 0; i < encoded.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                encoded[i] ^= (byte)(1 << bit);
                if (Recipe.TryDecode(encoded, out var recipe))
                {
                    Assert.Equal(encoded, Rebuild(recipe).Encoded.ToArray());
                }

                encoded[i] ^= (byte)(1 << bit);
            }
        }
    }

    [Fact]
    public void A_cut_or_lengthened_encoding_is_refused_at_every_length()
    {
        var encoded = Complete().Build().Encoded.ToArray();

        for (var length = 0; length < encoded.Length; length++)
        {
            Assert.False(Recipe.TryDecode(encoded.AsMemory(0, length), out _));
        }

        Assert.False(Recipe.TryDecode(encoded.Append((byte)0).ToArray(), out _));
        Assert.Throws<FormatException>(() => Recipe.Decode(encoded.AsMemory(1)));
    }

    [Fact]
    public void Random_bytes_behind_a_valid_start_never_throw_and_never_allocate_by_a_claimed_length()
    {
        const int Seed = 99;
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var start = Complete().Build().Encoded[..20].ToArray();
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 10_000; i++)
        {
            var bytes = new byte[start.Length + random.Next(64)];
            random.NextBytes(bytes);
            start.CopyTo(bytes, 0);
            if (Recipe.TryDecode(bytes, out var recipe))
            {
                Assert.Equal(bytes, Rebuild(recipe).Encoded.ToArray());
            }
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000_000);
    }

    [Fact]
    public void The_order_of_calls_and_of_set_items_does_not_matter()
    {
        var forwards = Recipe.For(Kind, 1).Add("a", 1).Add("b", 2).AddSet("s", "x", "y").Build();
        var backwards = Recipe.For(Kind, 1).AddSet("s", "y", "x", "y").Add("b", 2).Add("a", 1).Build();

        Assert.Equal(forwards, backwards);
    }

    [Fact]
    public void The_order_of_list_items_matters()
    {
        var forwards = Recipe.For(Kind, 1).AddList("l", "x", "y").Build();
        var backwards = Recipe.For(Kind, 1).AddList("l", "y", "x").Build();

        Assert.NotEqual(forwards.Fingerprint, backwards.Fingerprint);
    }

    [Fact]
    public void Bytes_that_move_over_a_boundary_make_another_recipe()
    {
        Recipe[] recipes =
        [
            Recipe.For(Kind, 1).Add("ab", "c").Build(),
            Recipe.For(Kind, 1).Add("a", "bc").Build(),
            Recipe.For(Kind, 1).Add("abc", "").Build(),
            Recipe.For(Kind, 1).Add("a", "b").Add("c", "").Build(),
            Recipe.For(Kind, 1).Add("a", "").Add("b", "c").Build(),
            Recipe.For(Kind, 1).AddList("a", "b", "c").Build(),
            Recipe.For(Kind, 1).AddList("a", "bc").Build(),
            Recipe.For(Kind, 1).AddList("a", "bc", "").Build(),
            Recipe.For(Kind, 1).AddList("a", "", "bc").Build(),
            Recipe.For(Kind, 1).AddSet("a", "b", "c").Build(),
            Recipe.For(Kind, 1).AddList("a").Build(),
            Recipe.For(Kind, 1).AddSet("a").Build(),
            Recipe.For(Kind, 1).Add("a", "").Build(),
            Recipe.For(Kind, 1).Add("a", ReadOnlySpan<byte>.Empty).Build(),
            Recipe.For(Kind, 1).Build(),
        ];

        Assert.Equal(recipes.Length, recipes.Select(r => r.Fingerprint).Distinct().Count());
    }

    [Fact]
    public void Values_that_look_alike_but_have_other_types_differ()
    {
        RecipeValue[] values =
        [
            RecipeValue.Of("1"), RecipeValue.Of("1"u8), RecipeValue.Of(1), RecipeValue.Of(true), RecipeValue.Of("true"),
            RecipeValue.Of("\x01"u8), RecipeValue.OfList(RecipeValue.Of("1")), RecipeValue.OfSet(RecipeValue.Of("1")),
            RecipeValue.OfList(RecipeValue.Of(1)), RecipeValue.Of(Fingerprint.OfNothing),
            RecipeValue.Of(Fingerprint.OfNothing.ToArray()), RecipeValue.Of(Fingerprint.OfNothing.ToString()),
            RecipeValue.Of("é"), RecipeValue.Of("e\u0301"),
        ];

        var fingerprints = values.Select(v => Recipe.For(Kind, 1).Add("n", v).Build().Fingerprint);

        Assert.Equal(values.Length, fingerprints.Distinct().Count());
    }

    [Fact]
    public void Every_component_is_part_of_the_key()
    {
        var recipe = Complete().Build();
        var generator = new RecipeGenerator(5);
        var seen = new HashSet<Fingerprint> { recipe.Fingerprint };

        foreach (var victim in recipe.Components)
        {
            var without = Recipe.For(recipe.Kind, recipe.FormatVersion);
            var renamed = Recipe.For(recipe.Kind, recipe.FormatVersion);
            var changed = Recipe.For(recipe.Kind, recipe.FormatVersion);
            foreach (var component in recipe.Components)
            {
                var isVictim = component == victim;
                _ = isVictim ? without : without.Add(component.Name, component.Value);
                renamed.Add(isVictim ? component.Name + "'" : component.Name, component.Value);
                changed.Add(component.Name, isVictim ? generator.NextValue() : component.Value);
            }

            Assert.True(seen.Add(without.Build().Fingerprint), $"{victim.Name} removed");
            Assert.True(seen.Add(renamed.Build().Fingerprint), $"{victim.Name} renamed");
            Assert.True(seen.Add(changed.Build().Fingerprint), $"{victim.Name} changed");
        }

        Assert.True(seen.Add(Complete().Add("new", "").Build().Fingerprint), "added");
        Assert.True(seen.Add(Rebuild(recipe, formatVersion: 4).Fingerprint), "format version");
        Assert.True(seen.Add(Rebuild(recipe, kind: ArtifactKind.Parse("handlers")).Fingerprint), "kind");
    }

    [Fact]
    public void A_name_given_twice_is_refused()
    {
        var builder = Recipe.For(Kind, 1).Add("a", 1);

        Assert.Throws<ArgumentException>(() => builder.Add("a", 1));
        Assert.Throws<ArgumentException>(() => builder.Add("a", "other"));
        Assert.Single(builder.Build().Components);
    }

    [Fact]
    public void Limits_are_refused_when_they_are_passed_and_not_before()
    {
        var longestName = new string('n', Recipe.MaxNameBytes);
        var longestValue = new byte[Recipe.MaxValueBytes];
        var full = Recipe.For(Kind, 1);
        for (var i = 0; i < Recipe.MaxComponents; i++)
        {
            full.Add($"n{i}", i);
        }

        Assert.True(Recipe.TryDecode(Recipe.For(Kind, 1).Add(longestName, longestValue).Build().Encoded, out _));
        Assert.True(Recipe.TryDecode(full.Build().Encoded, out _));
        Assert.Throws<ArgumentException>(() => full.Add("one-more", 1));
        Assert.Throws<ArgumentException>(() => Recipe.For(Kind, 1).Add(longestName + "n", 1));
        Assert.Throws<ArgumentException>(() => Recipe.For(Kind, 1).Add(new string('é', (Recipe.MaxNameBytes / 2) + 1), 1));
        Assert.Throws<ArgumentException>(() => Recipe.For(Kind, 1).Add("n", new byte[Recipe.MaxValueBytes + 1]));
        Assert.Throws<ArgumentException>(() => Recipe.For(Kind, 1).Add("n", new string('x', Recipe.MaxValueBytes + 1)));
        Assert.Throws<ArgumentException>(() => Recipe.For(Kind, 1).Add("", 1));
        Assert.Throws<ArgumentException>(() => Recipe.For(Kind, 1).Add("n", default(RecipeValue)));
        Assert.Throws<ArgumentException>(() => Recipe.For(default, 1));
        Assert.Throws<InvalidOperationException>(
            () => Recipe.For(Kind, 1).Add("a", longestValue).Add("b", longestValue).Build());
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused_instead_of_replaced()
    {
        Assert.Throws<ArgumentException>(() => RecipeValue.Of("a\ud800"));
        Assert.Throws<ArgumentException>(() => Recipe.For(Kind, 1).Add("\udc00", 1));
    }

    [Fact]
    public void Containers_hold_scalars_only()
    {
        Assert.Throws<ArgumentException>(() => RecipeValue.OfList(RecipeValue.OfList()));
        Assert.Throws<ArgumentException>(() => RecipeValue.OfSet(default(RecipeValue)));
    }

    [Theory]
    [InlineData("two names in descending order")]
    [InlineData("a name twice")]
    [InlineData("too many components")]
    public void Encodings_that_no_builder_writes_are_refused(string what)
    {
        var good = Recipe.For(ArtifactKind.Parse("k"), 0).Add("a", true).Add("b", true).Build().Encoded.ToArray();
        var (firstName, secondName, count) = (14, 22, 11);
        Assert.Equal(((byte)'a', (byte)'b', (byte)2), (good[firstName], good[secondName], good[count]));

        switch (what)
        {
            case "two names in descending order":
                good[firstName] = (byte)'c';
                break;
            case "a name twice":
                good[secondName] = (byte)'a';
                break;
            default:
                BinaryPrimitives.WriteUInt16LittleEndian(good.AsSpan(count), Recipe.MaxComponents + 1);
                break;
        }

        Assert.False(Recipe.TryDecode(good, out _));
    }

    [Fact]
    public void The_json_form_comes_back_as_the_same_recipe()
    {
        const int Seed = 77;
        output.WriteLine($"seed {Seed}");
        var generator = new RecipeGenerator(Seed);

        for (var i = 0; i < 2_000; i++)
        {
            var recipe = generator.Next();
            Assert.Equal(recipe, JsonSerializer.Deserialize<Recipe>(JsonSerializer.Serialize(recipe)));
        }

        var json = JsonSerializer.Serialize(Recipe.For(Kind, 2).Add("n", 5).AddSet("s", "x").Build());
        Assert.Equal(
            """{"kind":"handler","formatVersion":2,"components":{"n":{"integer":5},"s":{"set":[{"text":"x"}]}}}""", json);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    [InlineData("""null""")]
    [InlineData("""{"kind":"../x","formatVersion":1,"components":{}}""")]
    [InlineData("""{"kind":"k","formatVersion":-1,"components":{}}""")]
    [InlineData("""{"kind":"k","formatVersion":1,"components":{"a":{"integer":1},"a":{"integer":2}}}""")]
    [InlineData("""{"kind":"k","formatVersion":1,"components":{"a":{"integer":1.5}}}""")]
    [InlineData("""{"kind":"k","formatVersion":1,"components":{"a":{"integer":1,"text":"x"}}}""")]
    [InlineData("""{"kind":"k","formatVersion":1,"components":{"a":{}}}""")]
    [InlineData("""{"kind":"k","formatVersion":1,"components":{"a":{"float":1}}}""")]
    [InlineData("""{"kind":"k","formatVersion":1,"components":{"a":{"text":null}}}""")]
    [InlineData("""{"kind":"k","formatVersion":1,"components":{"a":{"bytes":"*"}}}""")]
    [InlineData("""{"kind":"k","formatVersion":1,"components":{"a":{"list":[{"list":[]}]}}}""")]
    [InlineData("""{"kind":"k","formatVersion":1,"components":{"a":{"fingerprint":"00"}}}""")]
    public void Json_that_is_no_recipe_is_refused_as_such(string json)
    {
        if (json == "null")
        {
            Assert.Null(JsonSerializer.Deserialize<Recipe>(json));
            return;
        }

        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Recipe>(json));
    }

    [Fact]
    public void Values_come_back_as_what_they_were()
    {
        var recipe = Recipe.Decode(Complete().Build().Encoded);

        Assert.True(recipe.TryGetValue("stack-bytes", out var number));
        Assert.Equal(65_536, number.AsInteger());
        Assert.True(recipe.TryGetValue("optimise", out var flag));
        Assert.True(flag.AsBoolean());
        Assert.True(recipe.TryGetValue("arguments", out var list));
        Assert.Equal(["-O2", "-g"], list.AsItems().Select(i => i.AsText()));
        Assert.True(recipe.TryGetValue("source", out var source));
        Assert.Equal(Fingerprint.OfContent("export default 1"u8), source.AsFingerprint());
        Assert.False(recipe.TryGetValue("Source", out _));
        Assert.Throws<InvalidOperationException>(() => number.AsText());
    }

    // An injective description that shares nothing with the encoding.
    private static string Describe(Recipe recipe)
    {
        var text = new StringBuilder($"{recipe.Kind}|{recipe.FormatVersion}");
        foreach (var (name, value) in recipe.Components.OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            text.Append('|').Append(JsonSerializer.Serialize(name)).Append('=').Append(Describe(value));
        }

        return text.ToString();
    }

    private static string Describe(RecipeValue value) => value.Type switch
    {
        RecipeValueType.Text => JsonSerializer.Serialize(value.AsText()),
        RecipeValueType.List => $"[{string.Join(",", value.AsItems().Select(Describe))}]",
        RecipeValueType.Set => $"{{{string.Join(",", value.AsItems().Select(Describe).Order(StringComparer.Ordinal))}}}",
        _ => $"{value.Type}:{Convert.ToHexString(value.Payload.Span)}",
    };

    private static Recipe Rebuild(Recipe recipe, uint? formatVersion = null, ArtifactKind? kind = null)
    {
        var builder = Recipe.For(kind ?? recipe.Kind, formatVersion ?? recipe.FormatVersion);
        foreach (var (name, value) in recipe.Components)
        {
            builder.Add(name, value.Type switch
            {
                RecipeValueType.List => RecipeValue.OfList(value.AsItems()),
                RecipeValueType.Set => RecipeValue.OfSet(value.AsItems()),
                _ => value,
            });
        }

        return builder.Build();
    }
}
