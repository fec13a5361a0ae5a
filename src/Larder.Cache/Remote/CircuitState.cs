namespace Larder.Cache.Remote;

/// <summary>Whether a remote store is asked at all.</summary>
public enum CircuitState : byte
{
    /// <summary>It is asked.</summary>
    Closed,

    /// <summary>It failed; it is passed over without waiting until some time has gone by.</summary>
    Open,

    /// <summary>One request finds out whether it is well again; all others pass it over.</summary>
    HalfOpen,
}
