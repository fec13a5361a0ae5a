using System.Collections.Immutable;
using System.Net;
using Larder.Node.Indexing;
using Larder.Node.Security;

namespace Larder.Cli.Indexing;

/// <summary>What <c>larder index run</c> is asked for.</summary>
internal sealed record IndexRunRequest
{
    public required IndexDirectory Directory { get; init; }

    /// <summary>Whether blocks come through standard input.</summary>
    public bool IsInput { get; init; }

    public string? Password { get; init; }

    public uint? StartHeight { get; init; }

    public uint? StopHeight { get; init; }

    public bool Follows { get; init; }

    public bool IsLinked { get; init; }

    public TimeSpan Poll { get; init; }

    public uint MaxReorganisation { get; init; }

    public IPEndPoint? Listen { get; init; }

    public ImmutableArray<AccessToken> Tokens { get; init; } = [];

    public bool IsLogged { get; init; }

    public bool ReportsCache { get; init; }

    public bool IsJson { get; init; }
}
