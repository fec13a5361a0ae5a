using Larder.Cache.Artifacts;
using Larder.Cache.Hosting;
using Larder.Tests.Remote;

namespace Larder.Tests.Hosting;

public sealed class HybridTagsTests
{
    private readonly HybridTags _tags = new();

    private static ArtifactKey Key(int i) => TestArtifacts.KeyOf($"{i}");

    [Fact]
    public void A_tag_gives_its_keys_once()
    {
        _tags.Register(Key(1), ["a", "b"]);
        _tags.Register(Key(2), ["a"]);
        _tags.Register(Key(2), ["a"]);
        Assert.Equal(3, _tags.Count);

        Assert.Equal(2, _tags.Take("a").Count);

        Assert.Empty(_tags.Take("a"));
        Assert.Equal([Key(1)], _tags.Take("b"));
        Assert.Equal(0, _tags.Count);
    }

    [Fact]
    public async Task Keys_that_left_the_cache_are_swept_so_the_index_stays_in_proportion()
    {
        var live = new HashSet<ArtifactKey>();
        for (var i = 0; i < 100_000; i++)
        {
            live.Remove(Key(i - 100));
            live.Add(Key(i));
            _tags.Register(Key(i), ["all", $"group {i % 10}"]);
            if (_tags.IsSweepDue)
            {
                await _tags.SweepAsync(key => ValueTask.FromResult(live.Contains(key)));
                Assert.Equal(200, _tags.Count);
            }

            Assert.InRange(_tags.Count, 0, 8 * 1024);
        }

        Assert.Superset(live, _tags.Take("all").ToHashSet());
    }

    [Fact]
    public async Task Keys_that_are_being_filled_or_came_during_the_sweep_stay()
    {
        _tags.BeginFill(Key(1), ["a"]);
        _tags.Register(Key(2), ["a"]);
        _tags.Register(Key(3), ["a"]);

        await _tags.SweepAsync(key =>
        {
            // Absent when it is looked at, and filled right after.
            _tags.BeginFill(Key(2), ["a"]);
            _tags.EndFill(Key(2));
            return ValueTask.FromResult(false);
        });

        _tags.EndFill(Key(1));
        Assert.Equal([Key(1), Key(2)], _tags.Take("a").OrderBy(key => key == Key(2)));
    }
}
