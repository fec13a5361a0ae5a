using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cache.Tiering;

namespace Larder.Tests.Tiering;

public sealed class FlightTableTests
{
    private static readonly ArtifactKey Key = new(ArtifactKind.Parse("test"), Fingerprint.OfContent("key"u8));

    [Fact]
    public async Task Many_callers_share_one_body_and_each_gets_its_own_lease()
    {
        await using var table = new FlightTable();
        using var content = new CountedContent();
        var gate = new TaskCompletionSource();
        var runs = 0;

        var callers = Enumerable.Range(0, 50).Select(_ => table.RunAsync(Key, 0, async (_, _) =>
        {
            Interlocked.Increment(ref runs);
            await gate.Task;
            return content.Lease();
        }, CancellationToken.None).AsTask()).ToArray();
        gate.SetResult();
        var leases = await Task.WhenAll(callers);

        Assert.Equal(1, runs);
        Assert.All(leases, lease => Assert.True(lease.IsHit));
        Array.ForEach(leases, lease => lease.Dispose());
        Assert.Equal(49, table.Joined);
        await content.AssertFreedAfterOwnerLeaves();
    }

    [Fact]
    public async Task A_caller_that_gives_up_leaves_the_others_alone()
    {
        await using var table = new FlightTable();
        using var content = new CountedContent();
        using var impatience = new CancellationTokenSource();
        var gate = new TaskCompletionSource();
        var patient = table.RunAsync(Key, 0, Body, CancellationToken.None).AsTask();
        var impatient = table.RunAsync(Key, 0, Body, impatience.Token).AsTask();

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        gate.SetResult();
        var lease = await patient;

        Assert.True(lease.IsHit);
        lease.Dispose();
        await content.AssertFreedAfterOwnerLeaves();

        async ValueTask<ArtifactLease> Body(int state, Flight flight)
        {
            await gate.Task.WaitAsync(flight.Token);
            return content.Lease();
        }
    }

    [Fact]
    public async Task The_body_is_cancelled_when_the_last_caller_gives_up_and_a_later_caller_starts_anew()
    {
        await using var table = new FlightTable();
        using var content = new CountedContent();
        using var impatience = new CancellationTokenSource();
        var cancelled = new TaskCompletionSource();
        var first = table.RunAsync(Key, 0, async (_, flight) =>
        {
            try
            {
                await Task.Delay(Timeout.Infinite, flight.Token);
            }
            catch (OperationCanceledException)
            {
                cancelled.SetResult();
                throw;
            }

            return ArtifactLease.Miss;
        }, impatience.Token).AsTask();

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        var second = await table.RunAsync(Key, 0, (_, _) => ValueTask.FromResult(content.Lease()), CancellationToken.None);

        Assert.True(second.IsHit);
        second.Dispose();
        Assert.Equal(2, table.Started);
        await content.AssertFreedAfterOwnerLeaves();
    }

    [Fact]
    public async Task Every_waiter_sees_the_failure_and_the_next_caller_tries_again()
    {
        await using var table = new FlightTable();
        var gate = new TaskCompletionSource();
        var callers = Enumerable.Range(0, 8).Select(_ => table.RunAsync<int>(Key, 0, async (_, _) =>
        {
            await gate.Task;
            throw new InvalidDataException("no such handler");
        }, CancellationToken.None).AsTask()).ToArray();

        gate.SetResult();

        foreach (var caller in callers)
        {
            var exception = await Assert.ThrowsAsync<InvalidDataException>(() => caller);
            Assert.Equal("no such handler", exception.Message);
        }

        var retry = await table.RunAsync(Key, 0, (_, _) => ValueTask.FromResult(ArtifactLease.Miss), CancellationToken.None);
        Assert.False(retry.IsHit);
        Assert.Equal(0, table.InFlight);
    }

    [Fact]
    public async Task Invalidation_marks_the_flight_and_lets_later_callers_start_anew()
    {
        await using var table = new FlightTable();
        var gate = new TaskCompletionSource();
        var seen = new TaskCompletionSource<bool>();
        var started = new TaskCompletionSource();
        var first = table.RunAsync(Key, 0, async (_, flight) =>
        {
            started.SetResult();
            await gate.Task;
            seen.SetResult(flight.Invalidated);
            return ArtifactLease.Miss;
        }, CancellationToken.None).AsTask();
        await started.Task;

        table.Invalidate(Key);
        var second = await table.RunAsync(Key, 0, (_, flight) =>
        {
            Assert.False(flight.Invalidated);
            return ValueTask.FromResult(ArtifactLease.Throttled);
        }, CancellationToken.None);
        gate.SetResult();
        await first;

        Assert.True(await seen.Task);
        Assert.Equal(LookupOutcome.Throttled, second.Outcome);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_joins_and_cancellations_leak_no_lease_and_no_flight(int seed)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var table = new FlightTable();
        using var content = new CountedContent();

        await Parallel.ForAsync(0, 4, async (worker, _) =>
        {
            var random = new Random((seed * 31) + worker);
            for (var i = 0; i < 2_000; i++)
            {
                var key = Key with { Fingerprint = Fingerprint.OfContent([(byte)random.Next(4)]) };
                using var patience = new CancellationTokenSource();
                if (random.Next(3) == 0)
                {
                    patience.CancelAfter(TimeSpan.FromTicks(random.Next(2_000)));
                }

                if (random.Next(10) == 0)
                {
                    table.Invalidate(key);
                }

                var yields = random.Next(4);
                try
                {
                    var lease = await table.RunAsync(key, yields, async (count, flight) =>
                    {
                        for (var turn = 0; turn < count; turn++)
                        {
                            await Task.Yield();
                        }

                        flight.Token.ThrowIfCancellationRequested();
                        return content.Lease();
                    }, patience.Token);
                    Assert.True(lease.IsHit);
                    lease.Dispose();
                }
                catch (OperationCanceledException)
                {
                    // Either this caller's patience ended or it joined a flight that its other waiters gave up.
                }
            }
        });
        await table.DisposeAsync();

        Assert.Equal(0, table.InFlight);
        await content.AssertFreedAfterOwnerLeaves();
    }

    private sealed class CountedContent : IDisposable
    {
        private readonly Content _content = new();

        public ArtifactLease Lease()
        {
            Assert.True(_content.TryAcquire());
            return new ArtifactLease(_content, TierKind.Fill);
        }

        public async Task AssertFreedAfterOwnerLeaves()
        {
            _content.Release();
            await _content.Freed.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
            Assert.False(_content.TryAcquire());
        }

        public void Dispose()
        {
        }

        private sealed class Content() : ArtifactContent(
            new ArtifactMetadata { Length = 0, Digest = Fingerprint.OfNothing }, counted: true)
        {
            private readonly TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);

            public Task Freed => _freed.Task;

            public override int Read(long offset, Span<byte> destination) => 0;

            protected override void Free() => _freed.SetResult();
        }
    }
}
