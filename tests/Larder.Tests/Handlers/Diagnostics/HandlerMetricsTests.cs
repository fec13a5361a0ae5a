using System.Collections.Immutable;
using Larder.Handlers.Contract;
using Larder.Handlers.Diagnostics;
using Larder.Handlers.Pooling;
using Larder.Tests.Support;

namespace Larder.Tests.Handlers.Diagnostics;

public sealed class HandlerMetricsTests
{
    [Fact]
    public void One_good_and_one_failed_call_are_two_executions()
    {
        var metrics = Results.NewMetrics();

        metrics.Record(Results.Source(1), "h", Results.Of());
        metrics.Record(Results.Source(1), "h", Results.Of(HandlerErrorCode.ExecutionError));

        var read = metrics.Read();
        Assert.Equal((2, 1, 1), (read.TotalExecutions, read.SuccessfulExecutions, read.FailedExecutions));
        Assert.Equal(1, read.ExecutionErrors);
    }

    [Fact]
    public void Two_hits_and_a_miss_are_two_thirds()
    {
        var metrics = Results.NewMetrics();

        metrics.Record(Results.Source(1), "h", Results.Of(origin: HandlerOrigin.Compiled));
        metrics.Record(Results.Source(1), "h", Results.Of(origin: HandlerOrigin.Memory));
        metrics.Record(Results.Source(1), "h", Results.Of(origin: HandlerOrigin.Disk));

        Assert.Equal(2 / 3.0, metrics.Read().CacheHitRate);
    }

    [Fact]
    public void Before_the_first_call_everything_is_zero()
    {
        var read = Results.NewMetrics().Read();

        Assert.Equal((0, 0.0, TimeSpan.Zero, 0.0), (read.TotalExecutions, read.CacheHitRate, read.AverageExecutionTime, read.AverageHostCalls));
    }

    [Fact]
    public void What_a_caller_gave_or_resumed_is_neither_hit_nor_miss()
    {
        var metrics = Results.NewMetrics();

        metrics.Record(Results.Source(1), "h", Results.Of(origin: HandlerOrigin.Compiled));
        metrics.Record(Results.Source(1), "h", Results.Of(origin: HandlerOrigin.Given));

        Assert.Equal((0, 1, 2), (metrics.Read().CacheHits, metrics.Read().CacheMisses, metrics.Read().TotalExecutions));
    }

    [Fact]
    public void Every_figure_of_a_call_is_in_the_sums()
    {
        var metrics = Results.NewMetrics();
        var calls = ImmutableDictionary<string, int>.Empty.Add("state_get", 3).Add("log", 1);

        metrics.Record(Results.Source(1), "h", Results.Of(milliseconds: 8, peakBytes: 5000, usedBytes: 100, hostCalls: calls, origin: HandlerOrigin.Compiled));
        metrics.Record(Results.Source(2), "h", Results.Of(milliseconds: 4, peakBytes: 9000, usedBytes: 300, hostCalls: calls, suspended: true));
        metrics.Record(Results.Source(2), "h", Results.Of(HandlerErrorCode.Timeout, milliseconds: 6, origin: HandlerOrigin.Given));

        var read = metrics.Read();
        Assert.Equal((2, 1, 1, 1), (read.TotalExecutions, read.SuccessfulExecutions, read.FailedExecutions, read.Suspensions));
        Assert.Equal((9000, 300, 21), (read.PeakMemoryBytes, read.AverageMemoryBytes, read.Instructions));
        Assert.Equal([KeyValuePair.Create("log", 2L), KeyValuePair.Create("state_get", 6L)], read.HostCalls);
        Assert.Equal(8 / 3.0, read.AverageHostCalls);
        Assert.Equal((3, TimeSpan.FromMilliseconds(6)), (read.Duration.Count, read.AverageExecutionTime));
        Assert.Equal((TimeSpan.FromMilliseconds(9), TimeSpan.FromMilliseconds(4.5)), (read.RunTime.Sum, read.QueueTime.Sum));
        Assert.Equal((1, TimeSpan.FromMilliseconds(1)), (read.CompilationTime.Count, read.CompilationTime.Sum));
        Assert.Equal((1, 0, 0, 0), (read.Timeouts, read.MemoryLimitErrors, read.PermissionDenials, read.ExecutionErrors));
        Assert.Equal(1, read.CacheHitsByOrigin[HandlerOrigin.Memory]);
    }

    [Fact]
    public void Each_handler_has_its_own_figures_and_the_latest_comes_first()
    {
        var time = new ManualTimeProvider();
        var metrics = Results.NewMetrics(time: time);

        metrics.Record(Results.Source(1), "first", Results.Of(milliseconds: 2));
        time.Advance(TimeSpan.FromSeconds(1));
        metrics.Record(Results.Source(2), "second", Results.Of(HandlerErrorCode.MemoryLimit));
        time.Advance(TimeSpan.FromSeconds(1));
        metrics.Record(Results.Source(1), "renamed", Results.Of(milliseconds: 4));

        var handlers = metrics.ReadHandlers();
        Assert.Equal(["renamed", "second"], handlers.Select(static handler => handler.Name));
        Assert.Equal((2, 0, 2, TimeSpan.FromMilliseconds(3)), (handlers[0].Executions, handlers[0].Failures, handlers[0].Successes, handlers[0].AverageExecutionTime));
        Assert.Equal((1, 1), (handlers[1].Executions, handlers[1].Errors[HandlerErrorCode.MemoryLimit]));
        Assert.Equal(time.GetUtcNow(), handlers[0].LastUsed);
        Assert.Equal($"key of {Results.Source(1)}", handlers[0].Key);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    public void Handlers_beyond_the_bound_are_summed_up(int bound)
    {
        var time = new ManualTimeProvider();
        var metrics = Results.NewMetrics(bound, time);
        for (var number = 0; number < 100; number++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            metrics.Record(Results.Source(number), $"h{number}", Results.Of(milliseconds: number + 1));
        }

        metrics.Record(null, "not compiled", Results.Of(HandlerErrorCode.CompilationError, HandlerOrigin.Compiled));

        var handlers = metrics.ReadHandlers();
        Assert.InRange(handlers.Length, Math.Min(bound, 1), bound + 1);
        Assert.Equal(HandlerMetrics.OtherName, handlers[^1].Name);
        Assert.Equal(101, handlers.Sum(static handler => handler.Executions));
        Assert.Equal(101, metrics.Read().TotalExecutions);
        Assert.Equal(101, handlers.Sum(static handler => handler.Duration.Count));
        if (bound > 0)
        {
            Assert.Equal("h99", handlers[0].Name);
        }
    }

    [Fact]
    public void Figures_of_the_pool_are_passed_on()
    {
        var pool = new InstancePoolStatistics { Active = 1, Idle = 2, Suspended = 3, Created = 10, Reused = 20, Expired = 4, Bytes = 77, PeakBytes = 88, Resumed = 5 };

        var read = Results.NewMetrics().Read(pool);

        Assert.Equal((1, 2, 3), (read.ActiveInstances, read.AvailableInstances, read.SuspendedInstances));
        Assert.Equal((10, 20, 4, 5), (read.InstancesCreated, read.InstancesReused, read.ExpiredSuspensions, read.Resumptions));
        Assert.Equal((77, 88), (read.TotalMemoryBytes, read.PeakTotalMemoryBytes));
    }

    [Fact]
    public void A_reset_begins_anew()
    {
        var metrics = Results.NewMetrics();
        metrics.Record(Results.Source(1), "h", Results.Of(hostCalls: ImmutableDictionary<string, int>.Empty.Add("log", 1)));

        metrics.Reset();
        var empty = metrics.Read();
        metrics.Record(Results.Source(1), "h", Results.Of());

        Assert.Equal((0, 0, 0), (empty.TotalExecutions, empty.Duration.Count, empty.HostCalls.Count));
        Assert.Empty(empty.Errors);
        Assert.Equal(1, metrics.Read().TotalExecutions);
        Assert.Equal(1, Assert.Single(metrics.ReadHandlers()).Executions);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(50)]
    public void Among_threads_everything_adds_up(int bound)
    {
        var metrics = Results.NewMetrics(bound);
        var errors = Enum.GetValues<HandlerErrorCode>();
        const int Threads = 4;
        const int Calls = 20_000;

        Parallel.For(0, Threads, thread =>
        {
            var random = new Random(thread);
            for (var call = 0; call < Calls; call++)
            {
                var result = call % 3 == 0 ? Results.Of(errors[random.Next(errors.Length)]) : Results.Of(suspended: call % 5 == 0);
                metrics.Record(random.Next(10) == 0 ? null : Results.Source(random.Next(20)), "h", result);
                if (call % 1000 == 0)
                {
                    // Whatever is read in between agrees with itself.
                    var between = metrics.Read();
                    Assert.Equal(between.TotalExecutions, between.SuccessfulExecutions + between.FailedExecutions);
                    Assert.Equal(between.FailedExecutions, between.Errors.Values.Sum());
                    Assert.Equal(between.CacheHits, between.TotalExecutions + between.Suspensions);
                }
            }
        });

        var read = metrics.Read();
        var handlers = metrics.ReadHandlers();
        Assert.Equal(Threads * Calls, read.TotalExecutions + read.Suspensions);
        Assert.Equal(Threads * Calls, read.Duration.Count);
        Assert.Equal(read.TotalExecutions, handlers.Sum(static handler => handler.Executions));
        Assert.Equal(read.FailedExecutions, handlers.Sum(static handler => handler.Failures));
        Assert.Equal(read.Instructions, handlers.Sum(static handler => handler.Instructions));
        Assert.Equal(Threads * Calls, handlers.Sum(static handler => handler.Duration.Count));
        Assert.True(handlers.Length <= bound + 1);
    }

    [Fact]
    public void Recording_allocates_nothing_for_a_known_handler()
    {
        var metrics = Results.NewMetrics();
        var result = Results.Of(hostCalls: ImmutableDictionary<string, int>.Empty.Add("log", 1));
        var source = Results.Source(1);
        metrics.Record(source, "h", result);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var call = 0; call < 1000; call++)
        {
            metrics.Record(source, "h", result);
        }

        // The base library's enumerator of a dictionary takes its stack from a pool.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }
}
