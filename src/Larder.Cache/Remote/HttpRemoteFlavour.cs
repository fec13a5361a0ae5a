namespace Larder.Cache.Remote;

/// <summary>What an HTTP store is.</summary>
public enum HttpRemoteFlavour : byte
{
    /// <summary>Another Larder node: <c>/v1/artifacts/{kind}/{fingerprint}</c>, metadata in headers.</summary>
    Larder,

    /// <summary>
    /// Any server that takes GET, PUT and HEAD: <c>{base}/{kind}/{2 hex}/{64 hex}</c>, metadata in front of the payload.
    /// </summary>
    Plain,
}
