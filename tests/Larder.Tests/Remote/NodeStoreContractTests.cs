using Larder.Cache.Artifacts;
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

    [Fact]
    public async Task The_same_bytes_are_not_sent_again_and_others_replace_them()
    {
        var key = NewKey();
        var (first, second) = (TestArtifacts.Payload(3_000_000), TestArtifacts.Payload(50_000, seed: 2));
        Assert.Equal(PutOutcome.Stored, await PutAsync(key, first));

        Assert.Equal(PutOutcome.AlreadyPresent, await PutAsync(key, first));
        Assert.Equal(PutOutcome.Stored, await PutAsync(key, second));

        await using var artifact = await Store.GetAsync(key, null, Token);
        Assert.Equal(second, await ReadAsync(artifact!));
    }
}
