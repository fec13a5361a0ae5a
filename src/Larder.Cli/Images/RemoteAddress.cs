using Larder.Cache.Redis;
using Larder.Cache.Remote;

namespace Larder.Cli.Images;

/// <summary>Turns the address of a remote tier into its options.</summary>
internal static class RemoteAddress
{
    /// <summary>The remote tier at an address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="token">A bearer token, or the password of Redis; null for none.</param>
    /// <exception cref="CommandException">It is none.</exception>
    public static RemoteTierOptions Parse(string text, string? token)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address))
        {
            throw Refused(text);
        }

        return address.Scheme switch
        {
            "http" or "https" => new RemoteTierOptions
            {
                Http = new HttpRemoteStoreOptions { Address = address, BearerToken = token },
            },
            "redis" or "rediss" or "redis+unix" => new RemoteTierOptions
            {
                Store = new RedisRemoteStore(new RedisRemoteStoreOptions { Address = address, Password = token }),
            },
            _ => throw Refused(text),
        };
    }

    private static CommandException Refused(string text) => CommandException.Usage(
        $"'--remote {text}' is not a remote tier; write it like http://127.0.0.1:7070 or redis://127.0.0.1.");
}
