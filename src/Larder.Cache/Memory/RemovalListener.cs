namespace Larder.Cache.Memory;

/// <summary>Hears of the values that one call pushed out of a cache; the span is only valid during the call.</summary>
/// <param name="removed">What left, in the order in which it did.</param>
public delegate void RemovalListener<TKey, TValue>(ReadOnlySpan<RemovedEntry<TKey, TValue>> removed);
