using Larder.Cache.Remote;

namespace Larder.Cli.Images;

/// <summary>Turns the address of a remote tier into its options.</summary>
internal static class RemoteAddress
{
    /// <summary>The remote tier at an address.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static RemoteTierOptions Parse(string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        {
            return new RemoteTierOptions { Http = new HttpRemoteStoreOptions { Address = address } };
        }

        throw CommandException.Usage($"'--remote {text}' is not a remote tier; write it like http://127.0.0.1:7070.");
    }
}
