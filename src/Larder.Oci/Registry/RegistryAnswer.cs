namespace Larder.Oci.Registry;

/// <summary>The answer to one request, with the place among the running requests that its body keeps.</summary>
internal sealed class RegistryAnswer : IDisposable
{
    private SemaphoreSlim? _slot;

    public RegistryAnswer(HttpResponseMessage message, RegistryEndpoint endpoint, bool isForeign, SemaphoreSlim slot)
    {
        Message = message;
        Endpoint = endpoint;
        IsForeign = isForeign;
        _slot = slot;
    }

    public HttpResponseMessage Message { get; }

    /// <summary>Which server was asked.</summary>
    public RegistryEndpoint Endpoint { get; }

    /// <summary>Whether a redirect led to another server, which knows nothing of credentials.</summary>
    public bool IsForeign { get; }

    public void Dispose()
    {
        Message.Dispose();
        Interlocked.Exchange(ref _slot, null)?.Release();
    }
}
