using Larder.Cache.Remote;

namespace Larder.Tests.Remote;

/// <summary>The contract over a plain web server.</summary>
public sealed class PlainWebStoreContractTests : WebStoreContract
{
    protected override HttpRemoteFlavour Flavour => HttpRemoteFlavour.Plain;
}

/// <summary>The contract over a plain web server that knows no ranges.</summary>
public sealed class RangelessWebStoreContractTests : WebStoreContract
{
    protected override HttpRemoteFlavour Flavour => HttpRemoteFlavour.Plain;

    protected override bool IgnoresRanges => true;
}

/// <summary>The contract over a server that keeps Larder's headers.</summary>
public sealed class LarderWebStoreContractTests : WebStoreContract
{
    protected override HttpRemoteFlavour Flavour => HttpRemoteFlavour.Larder;
}

/// <summary>Starts the server in this process.</summary>
public abstract class WebStoreContract : RemoteStoreContract, IAsyncLifetime
{
    private WebStore? _server;

    protected abstract HttpRemoteFlavour Flavour { get; }

    protected virtual bool IgnoresRanges => false;

    protected override bool IsInProcess => true;

    public async ValueTask InitializeAsync()
    {
        _server = await WebStore.StartAsync();
        _server.IgnoresRanges = IgnoresRanges;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _server!.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected override IRemoteStore Open() =>
        new HttpRemoteStore(new HttpRemoteStoreOptions { Address = _server!.Address, Flavour = Flavour });
}
