using System.Net;
using System.Text;
using Larder.Node.Configuration;

namespace Larder.Node;

/// <summary>Checks what no single setting can check by itself.</summary>
internal static class NodeOptionsCheck
{
    /// <summary>Throws when the options contradict each other or leave the node open to strangers.</summary>
    /// <exception cref="NodeException">One sentence that says what and what to do.</exception>
    public static void Validate(NodeOptions options)
    {
        if (!options.IsProtected && !IPAddress.IsLoopback(options.Listen.Address))
        {
            throw new NodeException(
                NodeErrorKind.Unprotected,
                $"{options.Listen} can be reached from other machines and no token is configured: give one with --token or "
                + "auth.tokens-file, or a secret of JSON Web Tokens with auth.jwt-secret, or listen on 127.0.0.1.");
        }

        Require(options.AuthEnabled != true || options.IsProtected, "auth.enabled needs a secret or a token: give auth.jwt-secret or auth.tokens");
        Require(options.AuthEnabled != false || options.Tokens.IsDefaultOrEmpty, "auth.enabled is false and tokens are configured: leave one of them out");
        Require(
            options.JwtSecret is not { } secret || Encoding.UTF8.GetByteCount(secret) >= Settings.MinJwtSecretBytes,
            $"auth.jwt-secret must have at least {Settings.MinJwtSecretBytes} bytes");
        ValidateHandlers(options);

        Require(Path.IsPathRooted(options.DataDirectory), "data must be an absolute directory");
        Require(options.MemoryCapacityBytes >= 0, "memory.capacity must not be negative");
        Require(options.DiskCapacityBytes >= 0, "disk.capacity must not be negative");
        Require(options.LookupDeadline > TimeSpan.Zero, "deadline.lookup must be longer than nothing");
        Require(options.StoreDeadline > TimeSpan.Zero, "deadline.store must be longer than nothing");
        Require(options.DrainDeadline >= TimeSpan.Zero, "deadline.drain must not be negative");
        Require(options.UpstreamTimeout > TimeSpan.Zero, "upstream.timeout must be longer than nothing");
        Require(
            options.UpstreamTtl == TimeSpan.Zero || options.UpstreamTtl >= TimeSpan.FromSeconds(1), "upstream.ttl must be 0s or at least 1s");
        Require(
            options.UpstreamLease == TimeSpan.Zero || options.UpstreamLease >= TimeSpan.FromMilliseconds(100),
            "upstream.lease must be 0s or at least 100ms");
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

    private static void ValidateHandlers(NodeOptions options)
    {
        var limits = options.Handlers.Runtime.Limits;
        Require(limits.Timeout >= TimeSpan.Zero, "handlers.timeout must not be negative");
        Require(options.Handlers.Runtime.AcquireTimeout > TimeSpan.Zero, "handlers.acquire-timeout must be longer than nothing");
        Require(options.Handlers.Runtime.SuspensionTimeout > TimeSpan.Zero, "handlers.suspension-timeout must be longer than nothing");
        Require(options.Handlers.Http.Timeout > TimeSpan.Zero, "handlers.http.timeout must be longer than nothing");
        Require(options.Handlers.Http.MaxConcurrent > 0, "handlers.http.max-concurrent must be at least 1");
        Require(options.Panels.MinInterval >= TimeSpan.FromMilliseconds(10), "panels.min-interval must be at least 10ms");
        Require(options.Panels.IdleTimeout >= TimeSpan.Zero, "panels.idle-timeout must not be negative");
        Require(options.Symbols.MemoryBytes >= 64 * 1024, "symbols.memory must be at least 64KiB");
        Require(
            options.Mounts.Root is not { } root || (Path.IsPathRooted(root) && Path.GetDirectoryName(root) is not null),
            "mounts.root must be an absolute directory, and not /");
        Require(
            options.Panels.WebSocketPort == 0 || options.Listen.Port != 0,
            "panels.websocket-port needs a fixed port in listen, so that the two can differ");
    }

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
        {
            throw new NodeException(NodeErrorKind.Configuration, sentence + ".");
        }
    }
}
