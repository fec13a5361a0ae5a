namespace Larder.Tests.Policy;

public sealed class FrequencyPolicyTests
{
    [Fact]
    public void A_scan_does_not_push_out_entries_that_are_used()
    {
        var shard = new PolicyShard(-1, 100);
        for (var round = 0; round < 20; round++)
        {
            shard.Replay(Enumerable.Range(0, 80));
        }

        shard.Replay(Enumerable.Range(1000, 1500));

        Assert.True(shard.Keys.Count(key => key < 80) >= 75, $"{shard.Keys.Count(key => key < 80)} of 80 are left.");
        shard.Policy.CheckIntegrity();
    }

    [Fact]
    public void Keys_that_are_used_again_at_once_are_found()
    {
        var shard = new PolicyShard(-1, 100);
        shard.Replay(Enumerable.Range(0, 90).SelectMany(key => (int[])[key, key, key]));

        var ratio = shard.Replay(Enumerable.Range(1000, 5000).SelectMany(key => (int[])[key, key]));

        Assert.Equal(0.5, ratio, 3);
    }

    [Fact]
    public void A_loop_larger_than_the_cache_keeps_part_of_it()
    {
        var shard = new PolicyShard(-1, 100);
        var loop = Enumerable.Range(0, 200).ToArray();
        for (var round = 0; round < 20; round++)
        {
            shard.Replay(loop);
        }

        var ratio = Enumerable.Range(0, 10).Average(_ => shard.Replay(loop));

        // The best possible is 0.5; the least recently used order gives 0.
        Assert.True(ratio > 0.4, $"hit ratio {ratio}");
    }

    [Fact]
    public void Once_popular_entries_make_way_for_a_new_set()
    {
        var shard = new PolicyShard(-1, 100);
        for (var round = 0; round < 200; round++)
        {
            shard.Replay(Enumerable.Range(0, 90));
        }

        var ratios = Enumerable.Range(0, 20).Select(_ => shard.Replay(Enumerable.Range(1000, 90))).ToArray();

        Assert.True(ratios[^1] > 0.9, string.Join(' ', ratios));
    }

    [Fact]
    public void A_big_candidate_does_not_push_out_many_small_ones_that_are_used()
    {
        var shard = new PolicyShard(1000, -1);
        for (var round = 0; round < 10; round++)
        {
            for (var key = 0; key < 90; key++)
            {
                shard.Request(key, 10);
            }
        }

        for (var round = 0; round < 10; round++)
        {
            Assert.False(shard.Put(1000, 500));
            Assert.All(Enumerable.Range(0, 90), key => shard.Request(key, 10));
        }

        Assert.Equal(90, shard.Keys.Count(key => key < 90));
    }

    [Fact]
    public void A_big_entry_that_nobody_uses_makes_way_for_small_ones()
    {
        var shard = new PolicyShard(1000, -1);
        shard.Put(1000, 800);
        for (var round = 0; round < 5; round++)
        {
            for (var key = 0; key < 60; key++)
            {
                shard.Request(key, 10);
            }
        }

        Assert.False(shard.Holds(1000));
        Assert.Equal(60, shard.Count);
    }

    [Fact]
    public void An_entry_as_large_as_the_capacity_can_be_stored()
    {
        var shard = new PolicyShard(1000, -1);
        shard.Put(1, 100);
        shard.Put(2, 1);

        // It is wanted again and again; the others are not.
        for (var attempt = 0; attempt < 100 && !shard.Holds(3); attempt++)
        {
            shard.Request(3, 1000);
        }

        Assert.Equal([3], shard.Keys);
        shard.Policy.CheckIntegrity();
    }

    [Fact]
    public void A_refused_newcomer_changes_nothing_but_is_remembered()
    {
        var shard = new PolicyShard(1000, -1);
        for (var key = 0; key < 100; key++)
        {
            shard.Put(key, 10);
        }

        var before = shard.Keys.ToArray();
        Assert.All(before, key => shard.Request(key, 10));

        Assert.False(shard.Put(1000, 200));
        Assert.Equal(before, shard.Keys);

        // Nobody uses the others any more, so it gets in before long.
        var attempts = 0;
        while (!shard.Put(1000, 200))
        {
            Assert.True(attempts++ < 200, "It was refused 200 times.");
            shard.Request(2000 + attempts, 10);
        }
    }

    [Fact]
    public void Entries_without_weight_cost_nothing()
    {
        var shard = new PolicyShard(100, -1);
        for (var key = 0; key < 500; key++)
        {
            shard.Request(key, key % 2 == 0 ? 0 : 10);
        }

        Assert.True(shard.Bytes <= 100);
        Assert.True(shard.Count >= 10);
        shard.Policy.CheckIntegrity();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    public void Tiny_caches_work(int entries)
    {
        var shard = new PolicyShard(-1, entries);

        shard.Replay(Enumerable.Range(0, 1000).Select(i => i % 17));

        Assert.Equal(entries, shard.Count);
        shard.Policy.CheckIntegrity();
    }

    [Fact]
    public void A_lower_capacity_keeps_what_is_used()
    {
        var shard = new PolicyShard(-1, 100);
        for (var round = 0; round < 10; round++)
        {
            shard.Replay(Enumerable.Range(0, 40));
            shard.Replay(Enumerable.Range(1000 + (round * 100), 100));
        }

        shard.Resize(-1, 50);

        Assert.Equal(50, shard.Count);
        Assert.True(shard.Keys.Count(key => key < 40) >= 36);
        shard.Resize(-1, 0);
        Assert.Equal(-1, shard.Policy.NextVictim());
    }

    [Fact]
    public void The_same_requests_evict_the_same_entries()
    {
        var first = new PolicyShard(5000, 100);
        var second = new PolicyShard(5000, 100);
        foreach (var shard in (PolicyShard[])[first, second])
        {
            var random = new Random(7);
            for (var i = 0; i < 20_000; i++)
            {
                var key = (int)(300 * random.NextDouble() * random.NextDouble());
                shard.Request(key, 1 + (key * 7919 % 200));
            }
        }

        Assert.NotEmpty(first.Evicted);
        Assert.Equal(first.Evicted, second.Evicted);
    }
}
