using Larder.Cache.Remote;
using Larder.Tests.Support;

namespace Larder.Tests.Remote;

public sealed class CircuitBreakerTests
{
    private readonly ManualTimeProvider _time = new();

    private CircuitBreaker Create(int threshold = 3) =>
        new(threshold, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8), _time);

    private static long Enter(CircuitBreaker circuit)
    {
        Assert.True(circuit.TryEnter(out var pass));
        return pass;
    }

    private static void Fail(CircuitBreaker circuit, bool costly = false, TimeSpan? retryAfter = null) =>
        circuit.Failed(Enter(circuit), costly, retryAfter);

    [Fact]
    public void Cheap_failures_open_it_only_in_a_row()
    {
        var circuit = Create();
        Fail(circuit);
        Fail(circuit);
        circuit.Succeeded(Enter(circuit));
        Fail(circuit);
        Fail(circuit);
        Assert.Equal(CircuitState.Closed, circuit.State);

        Fail(circuit);

        Assert.Equal(CircuitState.Open, circuit.State);
        Assert.False(circuit.TryEnter(out _));
        Assert.Equal(1, circuit.TimesOpened);
    }

    [Fact]
    public void One_costly_failure_opens_it()
    {
        var circuit = Create(threshold: 1000);

        Fail(circuit, costly: true);

        Assert.Equal(CircuitState.Open, circuit.State);
    }

    [Fact]
    public void After_its_time_one_probe_passes_and_its_success_closes()
    {
        var circuit = Create();
        Fail(circuit, costly: true);
        _time.Advance(TimeSpan.FromSeconds(0.99));
        Assert.False(circuit.TryEnter(out _));
        Assert.InRange(circuit.RetryIn, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(0.3));
        _time.Advance(TimeSpan.FromSeconds(0.3));

        var probe = Enter(circuit);

        Assert.Equal(CircuitState.HalfOpen, circuit.State);
        Assert.False(circuit.TryEnter(out _));
        circuit.Succeeded(probe);
        Assert.Equal(CircuitState.Closed, circuit.State);
        Assert.True(circuit.TryEnter(out _));
    }

    [Fact]
    public void Each_opening_in_a_row_doubles_the_time_up_to_the_longest()
    {
        var circuit = Create();
        var waits = new List<double>();

        for (var i = 0; i < 6; i++)
        {
            Fail(circuit, costly: true);
            waits.Add(circuit.RetryIn.TotalSeconds);
            _time.Advance(circuit.RetryIn);
        }

        Assert.InRange(waits[0], 1, 1.25);
        Assert.InRange(waits[1], 2, 2.5);
        Assert.InRange(waits[2], 4, 5);
        Assert.InRange(waits[3], 8, 10);
        Assert.InRange(waits[5], 8, 10);
        circuit.Succeeded(Enter(circuit));
        Fail(circuit, costly: true);
        Assert.InRange(circuit.RetryIn.TotalSeconds, 1, 1.25);
    }

    [Fact]
    public void A_store_that_asks_to_be_left_alone_is_but_not_for_longer_than_the_longest_time()
    {
        var circuit = Create();
        Fail(circuit, retryAfter: TimeSpan.FromSeconds(5));
        Assert.Equal(TimeSpan.FromSeconds(5), circuit.RetryIn);
        _time.Advance(TimeSpan.FromSeconds(5));

        Fail(circuit, retryAfter: TimeSpan.FromHours(1));

        Assert.Equal(TimeSpan.FromSeconds(8), circuit.RetryIn);
    }

    [Fact]
    public void A_probe_that_is_given_up_leaves_its_turn_to_the_next()
    {
        var circuit = Create();
        Fail(circuit, costly: true);
        _time.Advance(TimeSpan.FromSeconds(2));

        circuit.Abandoned(Enter(circuit));

        Assert.Equal(CircuitState.Open, circuit.State);
        circuit.Succeeded(Enter(circuit));
        Assert.Equal(CircuitState.Closed, circuit.State);
    }

    [Fact]
    public void Ends_of_requests_from_before_an_opening_are_ignored()
    {
        var circuit = Create();
        var (early, earlyToo) = (Enter(circuit), Enter(circuit));
        Fail(circuit, costly: true);

        circuit.Succeeded(early);
        Assert.Equal(CircuitState.Open, circuit.State);
        _time.Advance(TimeSpan.FromSeconds(2));
        var probe = Enter(circuit);
        circuit.Failed(earlyToo, costly: true, null);
        circuit.Succeeded(early);
        circuit.Abandoned(early);

        Assert.Equal(CircuitState.HalfOpen, circuit.State);
        circuit.Succeeded(probe);
        Assert.Equal(CircuitState.Closed, circuit.State);
        circuit.Failed(probe, costly: true, null);
        Assert.Equal(CircuitState.Closed, circuit.State);
    }

    [Fact]
    public void A_wall_clock_that_jumps_changes_nothing()
    {
        var circuit = Create();
        Fail(circuit, costly: true);

        _time.JumpWallClock(TimeSpan.FromDays(365));

        Assert.False(circuit.TryEnter(out _));
    }

    [Fact]
    public async Task Among_many_threads_exactly_one_probes()
    {
        var circuit = Create();
        for (var round = 0; round < 50; round++)
        {
            Fail(circuit, costly: true);
            _time.Advance(TimeSpan.FromSeconds(20));

            var passes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => circuit.TryEnter(out var pass) ? pass : -1)));

            var probe = Assert.Single(passes, pass => pass >= 0);
            circuit.Succeeded(probe);
        }
    }
}
