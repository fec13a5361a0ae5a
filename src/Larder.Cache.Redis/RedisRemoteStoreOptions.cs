using System.Security.Cryptography.X509Certificates;
using Larder.Cache.Redis.Connections;
using Larder.Cache.Remote;

namespace Larder.Cache.Redis;

/// <summary>Where a Redis server or cluster is and how a <see cref="RedisRemoteStore"/> uses it.</summary>
public sealed record RedisRemoteStoreOptions
{
    /// <summary>
    /// Where the server is: <c>redis://[user:password@]host[:port][/database]</c>, <c>rediss://</c> for TLS, or
    /// <c>redis+unix:///path/to/socket</c>. Of a cluster any node will do: the others are learnt from it.
    /// </summary>
    public required Uri Address { get; init; }

    /// <summary>Further nodes of a cluster, asked when <see cref="Address"/> does not answer. Default none.</summary>
    public IReadOnlyList<Uri> MoreAddresses { get; init; } = [];

    /// <summary>User; null for the one in the address, or for the server's default.</summary>
    public string? User { get; init; }

    /// <summary>Password; null for the one in the address, or for none.</summary>
    public string? Password { get; init; }

    /// <summary>What every key begins with. Default <c>larder:</c>.</summary>
    public string KeyPrefix { get; init; } = "larder:";

    /// <summary>How long an artifact is kept after it was put; null for as long as the server keeps it. Default null.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>Certificates that may have signed the server's; null for the system's roots.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <summary>A certificate to show to the server; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>The name that the server's certificate must have; null for the host that is connected to.</summary>
    public string? TlsHost { get; init; }

    /// <summary>How long connecting may take, TLS and greeting included. Default 1 second.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long nothing may be heard of the server while a reply is waited for. Default 2 seconds.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Slowest transfer that is waited for, in bytes a second: a reply may take <see cref="ReplyTimeout"/> and its length
    /// divided by this. Default 256 KiB a second.
    /// </summary>
    public long MinBytesPerSecond { get; init; } = 256 * 1024;

    /// <summary>Connections to each server for chunks of large artifacts. Default 4.</summary>
    public int BulkConnections { get; init; } = 4;

    /// <summary>Longest payload, in bytes, that is kept in one value with its metadata. Default 64 KiB.</summary>
    public int InlineBytes { get; init; } = 64 * 1024;

    /// <summary>Length of the chunks that longer payloads are cut into. Default 1 MiB.</summary>
    public int ChunkBytes { get; init; } = 1024 * 1024;

    /// <summary>Chunks of one artifact that are on their way at a time, in either direction. Default 4.</summary>
    public int ChunksInFlight { get; init; } = 4;

    /// <summary>Largest payload that is read or written, in bytes. Default 16 GiB.</summary>
    public long MaxPayloadBytes { get; init; } = 16L * 1024 * 1024 * 1024;

    /// <summary>Returns the address without secrets.</summary>
    public override string ToString() => Redaction.Name(Address);

    /// <summary>Checks every option.</summary>
    /// <exception cref="CacheException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        foreach (var address in MoreAddresses.Prepend(Address))
        {
            Require(RedisEndpoint.TryParse(address, out _), "an address must be redis://, rediss:// or redis+unix:// without query and fragment");
        }

        Require(
            KeyPrefix.Length <= 64 && !KeyPrefix.AsSpan().ContainsAny('{', '}') && !KeyPrefix.Any(char.IsControl),
            "KeyPrefix must have at most 64 characters, and no braces or control characters");
        Require(TimeToLive is null || TimeToLive >= TimeSpan.FromSeconds(1), "TimeToLive must be at least a second");
        Require(ConnectTimeout > TimeSpan.Zero, "ConnectTimeout must be positive");
        Require(ReplyTimeout > TimeSpan.Zero, "ReplyTimeout must be positive");
        Require(MinBytesPerSecond > 0, "MinBytesPerSecond must be positive");
        Require(BulkConnections is > 0 and <= 64, "BulkConnections must be 1 to 64");
        Require(InlineBytes is >= 0 and <= MaxInlineBytes, "InlineBytes must be 0 to 1 MiB");
        Require(ChunkBytes is >= MinChunkBytes and <= MaxChunkBytes, "ChunkBytes must be 64 KiB to 64 MiB");
        Require(ChunksInFlight is > 0 and <= 64, "ChunksInFlight must be 1 to 64");
        Require(MaxPayloadBytes >= 0 && MaxPayloadBytes / ChunkBytes <= MaxChunks, "MaxPayloadBytes must be 0 to a million chunks");
    }

    /// <summary>Longest payload that is ever kept in one value.</summary>
    internal const int MaxInlineBytes = 1024 * 1024;

    /// <summary>Shortest length of chunks.</summary>
    internal const int MinChunkBytes = 64 * 1024;

    /// <summary>Longest length of chunks.</summary>
    internal const int MaxChunkBytes = 64 * 1024 * 1024;

    /// <summary>Most chunks of one artifact.</summary>
    internal const int MaxChunks = 1024 * 1024;

    private static void Require(bool holds, string sentence) => RemoteTierOptions.Require(holds, sentence);
}
