namespace Larder.Indexer.Blocks;

/// <summary>How a node of a chain is asked for blocks.</summary>
public sealed record ChainNodeOptions
{
    /// <summary>Where its JSON-RPC answers, over http or https; a user and password in it count.</summary>
    public required Uri Address { get; init; }

    /// <summary>Name to log in with; null for the one in the address, or the cookie.</summary>
    public string? User { get; init; }

    /// <summary>Password to log in with.</summary>
    public string? Password { get; init; }

    /// <summary>The file in which the node leaves <c>name:password</c> at each start; read again when the node refuses. Null for none.</summary>
    public string? CookieFile { get; init; }

    /// <summary>How long one answer may take; from 100 ms to 1 hour. Default: 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a question is asked before it counts as failed; from 1 to 100. Default: 5.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The wait before the second attempt; it doubles with each, up to 30 s. Default: 500 ms.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Blocks that are fetched before they are asked for; from 0 to 64. Default: 8.</summary>
    public int PrefetchBlocks { get; init; } = 8;

    /// <summary>Bytes of blocks that wait at most, one block aside. Default: 64 MiB.</summary>
    public long PrefetchBytes { get; init; } = 64 * 1024 * 1024;

    /// <exception cref="IndexerException">A value is out of its range.</exception>
    internal void Validate()
    {
        var wrong = this switch
        {
            { Address: not { IsAbsoluteUri: true, Scheme: "http" or "https" } } => "The address of a node is an http or https URL",
            { User: not null, Password: null } or { User: null, Password: not null } => "A user and a password belong together",
            _ when Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromHours(1) => "The timeout of a node's answers is from 100 ms to 1 hour",
            { Attempts: < 1 or > 100 } => "The attempts at a node's answer are from 1 to 100",
            _ when Backoff < TimeSpan.Zero || Backoff > TimeSpan.FromMinutes(1) => "The backoff of a node is from 0 to 1 minute",
            { PrefetchBlocks: < 0 or > 64 } => "The blocks to fetch ahead are from 0 to 64",
            { PrefetchBytes: < 0 } => "The bytes of blocks to fetch ahead are not negative",
            _ => null,
        };
        if (wrong is not null)
        {
            throw new IndexerException(IndexerErrorKind.Configuration, wrong + ".");
        }
    }
}
