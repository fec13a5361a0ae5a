using System.Collections.Immutable;
using System.Net;
using Larder.Cache;
using Larder.Node.Handlers;
using Larder.Node.Indexing;
using Larder.Node.Mounts;
using Larder.Node.Panels;
using Larder.Node.Symbols;
using Larder.Node.Security;
using Microsoft.Extensions.Logging;

namespace Larder.Node;

/// <summary>Everything that a node can be told. Immutable; validated once, when the node starts.</summary>
public sealed record NodeOptions
{
    /// <summary>Where to listen. Port 0 takes a free one. Default 127.0.0.1:7070.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 7070);

    /// <summary>The directory that the disk tier owns. Default: <c>larder</c> in the user's cache directory.</summary>
    public string DataDirectory { get; init; } = DefaultDataDirectory(Environment.GetEnvironmentVariable);

    /// <summary>Most bytes the memory tier may hold; 0 switches it off. Default 256 MiB.</summary>
    public long MemoryCapacityBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Most entries the memory tier may hold; -1 without a limit of its own. Default -1.</summary>
    public long MemoryMaxEntries { get; init; } = -1;

    /// <summary>Whether memory payloads live in a region that is reserved and touched at start. Default false.</summary>
    public bool MemoryArena { get; init; }

    /// <summary>Eviction policy of the memory tier: <c>frequency</c> or <c>lru</c>. Default <c>frequency</c>.</summary>
    public string MemoryPolicy { get; init; } = "frequency";

    /// <summary>
    /// Whether the tiers watch their lookups, so that <c>/v1/plan</c> can say what other capacities would bring. Default true.
    /// </summary>
    public bool Sizing { get; init; } = true;

    /// <summary>Most bytes the disk tier may hold; 0 switches it off. Default 32 GiB.</summary>
    public long DiskCapacityBytes { get; init; } = 32L * 1024 * 1024 * 1024;

    /// <summary>Most entries the disk tier may hold; -1 without a limit of its own. Default -1.</summary>
    public long DiskMaxEntries { get; init; } = -1;

    /// <summary>Another node, or a Redis server or cluster, that is asked on a miss; null for none.</summary>
    public Uri? Upstream { get; init; }

    /// <summary>The token that is shown to <see cref="Upstream"/>, on Redis the password; null for none.</summary>
    public string? UpstreamToken { get; init; }

    /// <summary>Whether what is stored here is also sent to <see cref="Upstream"/>. Default true.</summary>
    public bool UpstreamWrite { get; init; } = true;

    /// <summary>How long <see cref="Upstream"/> may take to begin an answer. Default 1.5 seconds.</summary>
    public TimeSpan UpstreamTimeout { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>A file with the certificates that may have signed that of <see cref="Upstream"/>; null for the system's.</summary>
    public string? UpstreamCertificates { get; init; }

    /// <summary>Further nodes of a Redis cluster, as <c>host:port</c>. Default none.</summary>
    public ImmutableArray<string> UpstreamNodes { get; init; } = [];

    /// <summary>What keys on Redis begin with. Default <c>larder:</c>.</summary>
    public string UpstreamPrefix { get; init; } = "larder:";

    /// <summary>How long Redis keeps what is put there; zero for as long as it likes. Default zero.</summary>
    public TimeSpan UpstreamTtl { get; init; }

    /// <summary>
    /// How long a node that makes an artifact for all may be silent before another does; zero for no turns. Default 5
    /// seconds.
    /// </summary>
    public TimeSpan UpstreamLease { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a fill waits for another node at most. Default 30 seconds.</summary>
    public TimeSpan UpstreamLeaseWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Treatment of kinds, by name. What the node's protocols need is set beside these.</summary>
    public ImmutableSortedDictionary<string, KindOptions> Kinds { get; init; } =
        ImmutableSortedDictionary<string, KindOptions>.Empty;

    /// <summary>
    /// How long a lookup may take until the first byte is sent; afterwards the answer is a miss. Default 2 seconds.
    /// </summary>
    public TimeSpan LookupDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long one write of an upload may take in the tiers; afterwards the body is dropped. Default 5 seconds.
    /// </summary>
    public TimeSpan StoreDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long stopping may wait for requests in flight and for write-behind. Default 30 seconds.</summary>
    public TimeSpan DrainDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bounds on what clients may ask.</summary>
    public NodeLimits Limits { get; init; } = new();

    /// <summary>Who may do what. Empty lets everyone do everything, and is refused off the loopback address.</summary>
    public ImmutableArray<AccessToken> Tokens { get; init; } = [];

    /// <summary>
    /// The file that some of <see cref="Tokens"/> were read from, to show where they come from; null for none.
    /// </summary>
    public string? TokensFile { get; init; }

    /// <summary>
    /// The secret of JSON Web Tokens (HS256) that open handlers and panels; null for none. At least 16 bytes.
    /// </summary>
    public string? JwtSecret { get; init; }

    /// <summary>
    /// True refuses to start without a token or <see cref="JwtSecret"/>, false ignores the latter, null asks for
    /// credentials as soon as there are any. Default null.
    /// </summary>
    public bool? AuthEnabled { get; init; }

    /// <summary>Whether <c>/metrics</c> answers without a token. Default false.</summary>
    public bool OpenMetrics { get; init; }

    /// <summary>Where metrics are pushed in OTLP; null for nowhere.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Whether every request is logged. Default false.</summary>
    public bool AccessLog { get; init; }

    /// <summary>How much is logged. Default <see cref="LogLevel.Warning"/>. Read by whoever makes the log.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Whether log lines are for people; otherwise each is a JSON object. Default true.</summary>
    public bool LogPretty { get; init; } = true;

    /// <summary>How JavaScript handlers are run.</summary>
    public HandlerOptions Handlers { get; init; } = new();

    /// <summary>Bounds on panels.</summary>
    public PanelOptions Panels { get; init; } = new();

    /// <summary>What the node does with symbols of modules.</summary>
    public SymbolServiceOptions Symbols { get; init; } = new();

    /// <summary>What the node does with mounts of container images.</summary>
    public MountServiceOptions Mounts { get; init; } = new();

    /// <summary>Indexes, by name. Default none.</summary>
    public ImmutableSortedDictionary<string, IndexOptions> Indexes { get; init; } =
        ImmutableSortedDictionary.Create<string, IndexOptions>(StringComparer.Ordinal);

    /// <summary>The secret of JSON Web Tokens, unless they are switched off.</summary>
    internal string? ActiveJwtSecret => AuthEnabled == false ? null : JwtSecret;

    /// <summary>Whether anybody who asks must show something.</summary>
    internal bool IsProtected => !Tokens.IsDefaultOrEmpty || ActiveJwtSecret is not null;

    /// <summary>
    /// The user's own cache directory: <c>$XDG_CACHE_HOME/larder</c>, else <c>~/.cache/larder</c>, else a directory
    /// below the system's temporary one.
    /// </summary>
    /// <param name="environment">Reads an environment variable; null when it is not set.</param>
    public static string DefaultDataDirectory(Func<string, string?> environment) =>
        environment("XDG_CACHE_HOME") is { Length: > 0 } cache && Path.IsPathRooted(cache) ? Path.Combine(cache, "larder")
        : environment("HOME") is { Length: > 0 } home ? Path.Combine(home, ".cache", "larder")
        : Path.Combine(Path.GetTempPath(), "larder-" + Environment.UserName);
}
