using System.Collections.Concurrent;
using Larder.Handlers.Pooling;

namespace Larder.Tests.Handlers.Pooling;

/// <summary>Makes things at once, or when a test says so, or fails to; remembers all of them.</summary>
internal sealed class ThingFactory
{
    private readonly ConcurrentQueue<TaskCompletionSource<PooledThing>> _gates = new();
    private int _inMaking;

    public ConcurrentBag<PooledThing> Made { get; } = [];

    public long Bytes { get; set; } = 100;

    public Exception? Failure { get; set; }

    /// <summary>Whether creations wait for <see cref="Next"/>.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Creations that were begun and not ended.</summary>
    public int InMaking => Volatile.Read(ref _inMaking);

    public InstanceLifecycle<PooledThing> Lifecycle => new()
    {
        Create = CreateAsync,
        Reset = static (thing, affinity) => thing.Reset(affinity),
        MeasureBytes = static thing => thing.Bytes,
        Destroy = static thing => thing.End(),
    };

    /// <summary>The creation that waits longest.</summary>
    public TaskCompletionSource<PooledThing> Next()
    {
        TaskCompletionSource<PooledThing>? gate = null;
        Assert.True(SpinWait.SpinUntil(() => _gates.TryDequeue(out gate), TimeSpan.FromSeconds(30)), "nothing is being made");
        return gate!;
    }

    public PooledThing Make(long bytes)
    {
        var thing = new PooledThing(bytes);
        Made.Add(thing);
        return thing;
    }

    /// <summary>Every thing that was made has ended exactly once.</summary>
    public void AssertAllEnded() => Assert.All(Made, static thing => Assert.Equal(1, thing.Ends));

    private async ValueTask<PooledThing> CreateAsync(CancellationToken token)
    {
        if (Failure is { } failure)
        {
            throw failure;
        }

        if (!IsHeld)
        {
            return Make(Bytes);
        }

        var gate = new TaskCompletionSource<PooledThing>(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Increment(ref _inMaking);
        _gates.Enqueue(gate);
        try
        {
            return await gate.Task.WaitAsync(token);
        }
        finally
        {
            Interlocked.Decrement(ref _inMaking);
        }
    }
}
