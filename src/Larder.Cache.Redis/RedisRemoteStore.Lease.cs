using System.Security.Cryptography;
using Larder.Cache.Artifacts;
using Larder.Cache.Redis.Protocol;
using Larder.Cache.Remote;

namespace Larder.Cache.Redis;

// Who of all nodes makes an artifact: a key that exists for as long as its holder renews it.
public sealed partial class RedisRemoteStore : IFleetLease
{
    private const int TokenBytes = 16;

    /// <inheritdoc/>
    public async ValueTask<byte[]?> TryAcquireLeaseAsync(ArtifactKey key, TimeSpan life, CancellationToken cancellationToken)
    {
        var (name, token) = (LeaseNameOf(key), RandomNumberGenerator.GetBytes(TokenBytes));
        var command = new RespCommand("SET"u8, 5).Add(name).Add(token).Add("NX"u8).Add("PX"u8).Add((long)life.TotalMilliseconds);
        var reply = await SendAsync(command, name, cancellationToken).ConfigureAwait(false);
        return reply.Type switch
        {
            RespType.Error => throw Answered(reply.Text!), // An error always has a line.
            RespType.Null => null,
            _ => token,
        };
    }

    /// <inheritdoc/>
    public ValueTask<bool> RenewLeaseAsync(ArtifactKey key, byte[] token, TimeSpan life, CancellationToken cancellationToken) =>
        ExpireIfEqualAsync(LeaseNameOf(key), token, life, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ReleaseLeaseAsync(ArtifactKey key, byte[] token, CancellationToken cancellationToken) =>
        UnlinkIfEqualAsync(LeaseNameOf(key), token, cancellationToken);
}
