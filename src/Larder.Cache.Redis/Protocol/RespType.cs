namespace Larder.Cache.Redis.Protocol;

/// <summary>What a reply is. RESP3's additional types are read as the one of these that they resemble.</summary>
internal enum RespType : byte
{
    /// <summary>Nothing: no such key, or an aborted transaction.</summary>
    Null,

    /// <summary>A short line such as <c>OK</c>.</summary>
    Status,

    /// <summary>A refusal.</summary>
    Error,

    /// <summary>A number, or a boolean as 0 or 1.</summary>
    Integer,

    /// <summary>Bytes.</summary>
    Bulk,

    /// <summary>A list; a map is one with names and values in turn.</summary>
    Array,

    /// <summary>What the server says without being asked.</summary>
    Push,
}
