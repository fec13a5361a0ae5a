using Larder.Cache.Artifacts;
using Larder.Cache.Redis.Protocol;
using Larder.Cache.Redis.Records;

namespace Larder.Cache.Redis;

// What is done to a key only while it holds what it is thought to hold: by a script, so that nothing comes in between.
// A server without scripts is asked first and told then; what may come in between there does no more harm than an entry
// that is made twice.
public sealed partial class RedisRemoteStore
{
    private const int MaxCompared = 64;

    private static ReadOnlySpan<byte> UnlinkIfBegins =>
        "if redis.call('GETRANGE',KEYS[1],0,47)==ARGV[1] then return redis.call('UNLINK',KEYS[1]) end return 0"u8;

    private static ReadOnlySpan<byte> UnlinkIfEqual =>
        "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('UNLINK',KEYS[1]) end return 0"u8;

    private static ReadOnlySpan<byte> ExpireIfEqual =>
        "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('PEXPIRE',KEYS[1],ARGV[2]) end return 0"u8;

    private async ValueTask<bool> RemoveIfSameAsync(ArtifactKey key, byte[] head, CancellationToken cancellationToken) =>
        await RunAsync(UnlinkIfBegins.ToArray(), NameOf(key), head, null, cancellationToken).ConfigureAwait(false)
        ?? (await ReadHeadAsync(key, cancellationToken).ConfigureAwait(false) is { } now && now.Encoded.AsSpan().SequenceEqual(head)
            && await AskAboutAsync("UNLINK"u8, key, cancellationToken).ConfigureAwait(false) > 0);

    private async ValueTask<bool> UnlinkIfEqualAsync(byte[] name, byte[] value, CancellationToken cancellationToken) =>
        await RunAsync(UnlinkIfEqual.ToArray(), name, value, null, cancellationToken).ConfigureAwait(false)
        ?? (await HoldsValueAsync(name, value, cancellationToken).ConfigureAwait(false)
            && await NumberAsync(SendAsync(new RespCommand("UNLINK"u8, 1).Add(name), name, cancellationToken)).ConfigureAwait(false) > 0);

    private async ValueTask<bool> ExpireIfEqualAsync(byte[] name, byte[] value, TimeSpan life, CancellationToken cancellationToken)
    {
        var milliseconds = (long)life.TotalMilliseconds;
        return await RunAsync(ExpireIfEqual.ToArray(), name, value, milliseconds, cancellationToken).ConfigureAwait(false)
            ?? (await HoldsValueAsync(name, value, cancellationToken).ConfigureAwait(false)
                && await NumberAsync(SendAsync(new RespCommand("PEXPIRE"u8, 2).Add(name).Add(milliseconds), name, cancellationToken))
                    .ConfigureAwait(false) > 0);
    }

    /// <summary>Runs a script of one key; null when the server runs none.</summary>
    private async ValueTask<bool?> RunAsync(byte[] script, byte[] name, byte[] value, long? argument, CancellationToken cancellationToken)
    {
        if (!Volatile.Read(ref _hasScripts))
        {
            return null;
        }

        var command = new RespCommand("EVAL"u8, argument is null ? 4 : 5).Add(script).Add(1).Add(name).Add(value);
        if (argument is { } number)
        {
            command = command.Add(number);
        }

        var reply = await SendAsync(command, name, cancellationToken).ConfigureAwait(false);
        if (reply.Type != RespType.Error)
        {
            return reply.Number > 0;
        }

        if (RedisWords.IsWrongType(reply.Text!))
        {
            return false;
        }

        if (!RedisWords.IsUnknownCommand(reply.Text!))
        {
            throw Answered(reply.Text!); // An error always has a line.
        }

        Volatile.Write(ref _hasScripts, false);
        return null;
    }

    private async ValueTask<bool> HoldsValueAsync(byte[] name, byte[] value, CancellationToken cancellationToken)
    {
        var operation = new RespOperation(new RespCommand("GET"u8, 1).Add(name), RespWant.Rented) { MaxBytes = MaxCompared };
        var reply = await _client.SendAsync(operation, name, isBulk: false, cancellationToken).ConfigureAwait(false);
        var isSame = reply.Bytes.SequenceEqual(value);
        reply.Return();
        return isSame;
    }

    private ValueTask<RespReply> SendAsync(RespCommand command, byte[] name, CancellationToken cancellationToken) =>
        _client.SendAsync(new RespOperation(command, RespWant.Short), name, isBulk: false, cancellationToken);

    private byte[] NameOf(ArtifactKey key)
    {
        Span<byte> name = stackalloc byte[RecordKeys.MaxBytes];
        return name[.._keys.Write(key, name)].ToArray();
    }

    private byte[] LeaseNameOf(ArtifactKey key)
    {
        Span<byte> name = stackalloc byte[RecordKeys.MaxBytes];
        return name[.._keys.WriteLease(key, name)].ToArray();
    }
}
