namespace Larder.Tests.Handlers.Pooling;

/// <summary>What the pools of these tests hold: it notices use by two, use without a reset, and a second end.</summary>
internal sealed class PooledThing(long bytes)
{
    private int _users;
    private int _ends;

    /// <summary>What it holds after a reset.</summary>
    public long CleanBytes { get; } = bytes;

    public long Bytes { get; set; } = bytes;

    /// <summary>What the last user left.</summary>
    public string? Secret { get; set; }

    public bool FailsToReset { get; set; }

    public int Ends => Volatile.Read(ref _ends);

    public object? Affinity { get; set; }

    public void Enter(bool resumed = false)
    {
        Assert.Equal(1, Interlocked.Increment(ref _users));
        Assert.Equal(0, Ends);
        Assert.True(resumed || Secret is null, "what the last user left is still there");
    }

    public void Leave() => Assert.Equal(0, Interlocked.Decrement(ref _users));

    public object? Reset(object? affinity)
    {
        Assert.Equal(0, Volatile.Read(ref _users));
        Assert.Equal(0, Ends);
        if (FailsToReset)
        {
            throw new InvalidDataException("cannot be reset");
        }

        Secret = null;
        Bytes = CleanBytes;
        return Affinity = affinity ?? Affinity;
    }

    public void End()
    {
        Assert.Equal(0, Volatile.Read(ref _users));
        Assert.Equal(1, Interlocked.Increment(ref _ends));
    }
}
