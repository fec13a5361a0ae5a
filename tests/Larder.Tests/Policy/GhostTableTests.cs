using Larder.Cache.Policy;

namespace Larder.Tests.Policy;

public sealed class GhostTableTests
{
    [Fact]
    public void A_key_that_comes_back_is_recognised_once()
    {
        var ghosts = Sized(100);
        ghosts.Add(Hash(1), frequency: 2, now: 10);

        Assert.True(ghosts.TryTake(Hash(1), now: 25, out var frequency, out var age));
        Assert.Equal(2, frequency);
        Assert.Equal(15, age);
        Assert.False(ghosts.TryTake(Hash(1), now: 25, out _, out _));
    }

    [Fact]
    public void Ages_survive_the_wrapping_of_the_clock()
    {
        var ghosts = Sized(100);
        ghosts.Add(Hash(1), frequency: 1, now: 65_530);

        Assert.True(ghosts.TryTake(Hash(1), now: 4, out _, out var age));

        Assert.Equal(10, age);
    }

    [Fact]
    public void The_last_keys_are_remembered_and_old_ones_forgotten()
    {
        var ghosts = Sized(1000);
        for (var key = 0; key < 20_000; key++)
        {
            ghosts.Add(Hash(key), frequency: 1, (ushort)key);
        }

        var recent = Enumerable.Range(19_000, 1000).Count(key => ghosts.TryTake(Hash(key), 20_000, out _, out _));
        var old = Enumerable.Range(0, 15_000).Count(key => ghosts.TryTake(Hash(key), 20_000, out _, out _));

        // Buckets fill unevenly, and one lookup in some 500 meets a stranger.
        Assert.InRange(recent, 900, 1000);
        Assert.InRange(old, 0, 150);
    }

    [Fact]
    public void Growth_keeps_the_ghosts_that_stay_in_their_range()
    {
        var ghosts = Sized(1000);
        for (var key = 0; key < 500; key++)
        {
            ghosts.Add(Hash(key), frequency: 3, now: 1);
        }

        ghosts.EnsureCapacity(2000);

        var found = Enumerable.Range(0, 500).Count(key => ghosts.TryTake(Hash(key), 2, out var frequency, out _) && frequency == 3);
        Assert.Equal(500, found);
        Assert.True(ghosts.Capacity >= 3000);
    }

    [Fact]
    public void Longer_ticks_shorten_ages()
    {
        var ghosts = Sized(100);
        ghosts.Add(Hash(1), frequency: 1, now: 60);

        ghosts.Coarsen(before: 100, after: 50, shift: 1);

        Assert.True(ghosts.TryTake(Hash(1), now: 50, out _, out var age));
        Assert.Equal(20, age);
    }

    private static GhostTable Sized(int slots)
    {
        var ghosts = new GhostTable();
        ghosts.EnsureCapacity(slots);
        return ghosts;
    }

    private static uint Hash(int key)
    {
        var mixed = ((uint)key + 1UL) * 0x9E3779B97F4A7C15UL;
        mixed = (mixed ^ (mixed >> 31)) * 0xD6E8FEB86659FD93UL;
        return (uint)(mixed >> 32);
    }
}
