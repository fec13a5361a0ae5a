using System.Net;

namespace Larder.Node;

/// <summary>Checks what no single setting can check by itself.</summary>
internal static class NodeOptionsCheck
{
    /// <summary>Throws when the options contradict each other or leave the node open to strangers.</summary>
    /// <exception cref="NodeException">One sentence that says what and what to do.</exception>
    public static void Validate(NodeOptions options)
    {
        if (options.Tokens.IsDefaultOrEmpty && !IPAddress.IsLoopback(options.Listen.Address))
        {
            throw new NodeException(
                NodeErrorKind.Unprotected,
                $"{options.Listen} can be reached from other machines and no token is configured: give one with --token or "
                + "auth.tokens-file, or listen on 127.0.0.1.");
        }

        Require(Path.IsPathRooted(options.DataDirectory), "data must be an absolute directory");
        Require(options.MemoryCapacityBytes >= 0, "memory.capacity must not be negative");
        Require(options.DiskCapacityBytes >= 0, "disk.capacity must not be negative");
        Require(options.LookupDeadline > TimeSpan.Zero, "deadline.lookup must be longer than nothing");
        Require(options.StoreDeadline > TimeSpan.Zero, "deadline.store must be longer than nothing");
        Require(options.DrainDeadline >= TimeSpan.Zero, "deadline.drain must not be negative");
        Require(options.UpstreamTimeout > TimeSpan.Zero, "upstream.timeout must be longer than nothing");
        var limits = options.Limits;
        Require(limits.BodyBytes > 0, "limits.body must be at least one byte");
        Require(limits.DocumentBytes > 0, "limits.document must be at least one byte");
        Require(limits.HeaderBytes >= 1024, "limits.headers must be at least 1KiB");
        Require(limits.HeaderCount >= 16, "limits.header-count must be at least 16");
        Require(limits.RequestLineBytes is >= 512 and <= 64 * 1024, "limits.request-line must be between 512B and 64KiB");
        Require(limits.Connections > 0, "limits.connections must be at least 1");
        Require(limits.Uploads > 0, "limits.uploads must be at least 1");
        Require(limits.KeepAlive > TimeSpan.Zero, "limits.keep-alive must be longer than nothing");
        Require(limits.Headers > TimeSpan.Zero, "limits.headers-timeout must be longer than nothing");
        Require(limits.MinUploadBytesPerSecond >= 0, "limits.min-upload-rate must not be negative");
        Require(limits.MinDownloadBytesPerSecond >= 0, "limits.min-download-rate must not be negative");
        Require(limits.SlowGrace > TimeSpan.FromSeconds(1), "limits.slow-grace must be longer than 1s");
    }

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
        {
            throw new NodeException(NodeErrorKind.Configuration, sentence + ".");
        }
    }
}
