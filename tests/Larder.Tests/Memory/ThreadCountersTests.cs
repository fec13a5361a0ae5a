using Larder.Cache.Diagnostics;

namespace Larder.Tests.Memory;

public sealed class ThreadCountersTests
{
    [Fact]
    public void A_set_that_takes_over_a_range_begins_at_zero()
    {
        for (var i = 0; i < 50; i++)
        {
            UseAndForget();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        var counters = new ThreadCounters(5);

        Assert.Equal(0, counters.Read(3));
        ThreadCounters.Add(counters.IndexOf(3), 2);
        Assert.Equal(2, counters.Read(3));
        Assert.Equal(0, counters.Read(4));
    }

    [Fact]
    public void A_snapshot_while_threads_come_and_go_never_loses_or_doubles()
    {
        var counters = new ThreadCounters(1);
        var index = counters.IndexOf(0);
        long finished = 0;
        for (var round = 0; round < 60; round++)
        {
            var thread = new Thread(() =>
            {
                for (var i = 0; i < 1000; i++)
                {
                    ThreadCounters.Add(index, 1);
                }
            });
            thread.Start();
            Assert.InRange(counters.Read(0), finished, finished + 1000);
            thread.Join();
            finished += 1000;
            Assert.Equal(finished, counters.Read(0));
            if (round % 10 == 0)
            {
                GC.Collect();
            }
        }
    }

    [Fact]
    public void A_set_that_no_block_has_place_for_is_as_exact()
    {
        var counters = new ThreadCounters(ThreadCounters.CellsPerThread);
        int[] indices = [counters.IndexOf(0), counters.IndexOf(ThreadCounters.CellsPerThread - 2)];
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                ThreadCounters.Add(indices[0], 1);
                ThreadCounters.AddPair(indices[1], 2, 3);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.Equal(40_000, counters.Read(0));
        Assert.Equal(80_000, counters.Read(ThreadCounters.CellsPerThread - 2));
        Assert.Equal(120_000, counters.Read(ThreadCounters.CellsPerThread - 1));
    }

    [Fact]
    public void Deep_stacks_and_many_threads_count_exactly_wherever_their_cells_are()
    {
        // More pages of stack than have a place, some of them one thread's after the other.
        var counters = new ThreadCounters(1);
        var index = counters.IndexOf(0);
        const int Threads = 12;
        const int Depth = 60;
        for (var round = 0; round < 3; round++)
        {
            var threads = Enumerable.Range(0, Threads).Select(_ => new Thread(() => Descend(index, Depth))).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            Assert.Equal((round + 1) * 1000 * Threads * Depth, counters.Read(0));
        }
    }

    [Fact]
    public void Only_its_own_counters_can_be_named()
    {
        var counters = new ThreadCounters(2);

        Assert.Throws<ArgumentOutOfRangeException>(() => counters.IndexOf(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => counters.IndexOf(-1));
    }

    // A page of stack, or a little more, at every step.
    private static unsafe void Descend(int index, int depth)
    {
        var room = stackalloc byte[4096];
        for (var i = 0; i < 1000; i++)
        {
            ThreadCounters.Add(index, 1);
        }

        if (depth > 1)
        {
            Descend(index, depth - 1);
        }

        room[0] = 0;
    }

    private static void UseAndForget()
    {
        var counters = new ThreadCounters(5);
        ThreadCounters.Add(counters.IndexOf(3), 100);
        Assert.Equal(100, counters.Read(3));
    }
}
