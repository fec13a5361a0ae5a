namespace Larder.Cache.Redis.Protocol;

/// <summary>What came is not RESP, or more than is read. The connection is of no further use.</summary>
internal sealed class RespProtocolException(string message) : IOException(message);
