using System.Diagnostics;
using Larder.Handlers.Execution;

namespace Larder.Tests.Handlers.Execution;

public sealed class WakeSignalTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    [Fact]
    public void A_wait_ends_at_its_time_and_not_before()
    {
        using var signal = new WakeSignal();
        var started = Stopwatch.GetTimestamp();

        signal.Wait(TimeSpan.FromMilliseconds(20));

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(19), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_signal_ends_one_wait_whether_it_comes_before_or_during_it()
    {
        using var signal = new WakeSignal();
        var started = Stopwatch.GetTimestamp();
        signal.Set();
        signal.Set();
        signal.Wait(Long);
        var waiter = new Thread(() => signal.Wait(Timeout.InfiniteTimeSpan));
        waiter.Start();
        Thread.Sleep(20);
        Assert.True(waiter.IsAlive);

        signal.Set();

        Assert.True(waiter.Join(Long));
        Assert.True(Stopwatch.GetElapsedTime(started) < Long);
    }

    [Fact]
    public void Preferring_a_thread_is_no_error_where_it_is_not_allowed()
    {
        var thread = new Thread(WakeSignal.PreferThisThread);
        thread.Start();

        Assert.True(thread.Join(Long));
    }
}
