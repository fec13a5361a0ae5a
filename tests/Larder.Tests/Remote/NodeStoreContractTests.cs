using Larder.Cache.Remote;
using Larder.Tests.Node;

namespace Larder.Tests.Remote;

/// <summary>The contract over a real node.</summary>
public sealed class NodeStoreContractTests : RemoteStoreContract, IAsyncLifetime
{
    private TestNode? _node;

    protected override bool IsInProcess => true;

    public async ValueTask InitializeAsync() => _node = await TestNode.StartAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _node!.DisposeAsync();
    }

    protected override IRemoteStore Open() => new HttpRemoteStore(new HttpRemoteStoreOptions
    {
        Address = _node!.Address, FirstByteTimeout = TimeSpan.FromSeconds(20), IdleTimeout = TimeSpan.FromSeconds(20),
    });
}
