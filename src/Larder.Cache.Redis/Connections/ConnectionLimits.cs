namespace Larder.Cache.Redis.Connections;

/// <summary>How long a connection waits.</summary>
/// <param name="ReplyTimeout">Longest time in which nothing moves although a reply is waited for.</param>
/// <param name="MinBytesPerSecond">Slowest transfer that is waited for.</param>
internal sealed record ConnectionLimits(TimeSpan ReplyTimeout, long MinBytesPerSecond);
