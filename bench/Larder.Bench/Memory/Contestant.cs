namespace Larder.Bench.Memory;

/// <summary>One cache under one workload. Each subclass has loops of its own, so that nothing is shared but the call.</summary>
internal abstract class Contestant<TKey> : IDisposable
    where TKey : notnull
{
    /// <summary>The value that every entry shares.</summary>
    protected static readonly object Value = new();

    /// <summary>Looks every key up; returns the hits.</summary>
    public abstract int Get(ReadOnlySpan<TKey> keys);

    /// <summary>Looks every key up and adds what is missing; returns the hits.</summary>
    public virtual int ReadThrough(ReadOnlySpan<TKey> keys) => Get(keys);

    /// <summary>Puts every key.</summary>
    public abstract void Put(ReadOnlySpan<TKey> keys);

    public virtual void Dispose()
    {
    }
}
