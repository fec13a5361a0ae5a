using Larder.Indexer.State;

namespace Larder.Indexer.Caching;

/// <summary>
/// Reads through a cache. Remembers the last key besides, since guests ask for the length of a value and then for the value.
/// </summary>
public sealed class CachedStateReader : StateReader
{
    private readonly ReadCache? _cache;
    private readonly CachePartition _partition;
    private readonly ulong _scope;
    private readonly StateReader _inner;
    private readonly bool _leaveOpen;
    private readonly ValueBuffer _key = new();
    private readonly ValueBuffer _value = new();

    // Whether the buffers hold the last key and its value.
    private bool _isRemembered;

    /// <summary>Creates the reader.</summary>
    /// <param name="cache">The cache; null where it is off.</param>
    /// <param name="partition">The part of it that may know what <paramref name="inner"/> reads.</param>
    /// <param name="scope">What the state is named by in that part: 0 in the main one, else the sequence of the height's block.</param>
    /// <param name="inner">What is read at a miss.</param>
    /// <param name="leaveOpen">Whether <paramref name="inner"/> outlives this reader. Default false.</param>
    public CachedStateReader(ReadCache? cache, CachePartition partition, ulong scope, StateReader inner, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _cache = cache;
        _partition = partition;
        _scope = scope;
        _inner = inner;
        _leaveOpen = leaveOpen;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Get(ReadOnlySpan<byte> key)
    {
        if (_isRemembered && key.SequenceEqual(_key.Span))
        {
            return _value.Span;
        }

        _isRemembered = false;
        if (_cache is null)
        {
            _value.Set(_inner.Get(key));
        }
        else
        {
            GetThrough(_cache, key);
        }

        _key.Set(key);
        _isRemembered = true;
        return _value.Span;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _isRemembered = false;
        if (disposing && !_leaveOpen)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void GetThrough(ReadCache cache, ReadOnlySpan<byte> key)
    {
        var hash = KeyHash.Of(_scope, key);
        if (!cache.TryGet(_partition, _scope, hash, key, _value))
        {
            _value.Set(_inner.Get(key));
            cache.SetLookedUp(_partition, _scope, hash, key, _value.Span);
        }
    }
}
