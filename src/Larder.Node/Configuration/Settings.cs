using System.Collections.Immutable;
using System.Globalization;

namespace Larder.Node.Configuration;

/// <summary>Every setting of a node, in the order in which they are shown.</summary>
internal static partial class Settings
{
    private const string OnOff = "true or false";
    private const string Size = "a size such as 512MiB, 4GiB or a number of bytes";
    private const string Time = "a time such as 250ms, 2s or 5m";

    /// <summary>The table.</summary>
    public static ImmutableArray<Setting> All { get; } =
    [
        new()
        {
            Name = "listen",
            Help = "Where the node listens; any address but the loopback one needs tokens.",
            Form = "an address with a port, such as 127.0.0.1:7070, [::1]:7070 or *:7070",
            Show = static options => options.Listen.ToString(),
            Apply = static (options, text) =>
                Quantity.TryParseEndpoint(text, out var endpoint) ? options with { Listen = endpoint } : null,
        },
        new()
        {
            Name = "data",
            Help = "The directory that the disk tier owns.",
            Form = "a directory",
            Show = static options => options.DataDirectory,
            Apply = static (options, text) =>
                text.Length == 0 ? null : options with { DataDirectory = Path.GetFullPath(text) },
            Alias = "CACHE_DIR",
        },
        Bytes("memory.capacity", "Most bytes the memory tier holds; 0 switches it off.",
            static options => options.MemoryCapacityBytes, static (options, value) => options with { MemoryCapacityBytes = value }),
        Limit("memory.max-entries", "Most entries the memory tier holds.",
            static options => options.MemoryMaxEntries, static (options, value) => options with { MemoryMaxEntries = value }),
        new()
        {
            Name = "memory.policy",
            Help = "What the memory tier evicts first: by frequency of use, or the least recently used.",
            Form = "frequency or lru",
            Show = static options => options.MemoryPolicy,
            Apply = static (options, text) => text.ToLowerInvariant() is "frequency" or "lru"
                ? options with { MemoryPolicy = text.ToLowerInvariant() }
                : null,
        },
        Switch("memory.arena", "Whether memory payloads live in a region that is reserved and touched at start.",
            static options => options.MemoryArena, static (options, value) => options with { MemoryArena = value }),
        Bytes("disk.capacity", "Most bytes the disk tier holds; 0 switches it off.",
            static options => options.DiskCapacityBytes, static (options, value) => options with { DiskCapacityBytes = value }),
        Limit("disk.max-entries", "Most entries the disk tier holds.",
            static options => options.DiskMaxEntries, static (options, value) => options with { DiskMaxEntries = value }),
        Switch("sizing", "Whether the tiers watch their lookups, so that 'larder plan' can say what other capacities would bring.",
            static options => options.Sizing, static (options, value) => options with { Sizing = value }),
        .. Upstream(),
        Duration("deadline.lookup", "How long a lookup may take before it is answered as a miss.",
            static options => options.LookupDeadline, static (options, value) => options with { LookupDeadline = value }),
        Duration("deadline.store", "How long one write of an upload may take before the upload is dropped.",
            static options => options.StoreDeadline, static (options, value) => options with { StoreDeadline = value }),
        Duration("deadline.drain", "How long stopping waits for requests in flight.",
            static options => options.DrainDeadline, static (options, value) => options with { DrainDeadline = value }),
        .. Limits(),
        new()
        {
            Name = "auth.tokens",
            Help = "Who may do what: SECRET or SECRET;NAMESPACE=RIGHTS;..., several separated by commas.",
            Form = "tokens such as SECRET or SECRET;ccache=rw;bazel=r, or sha256:HASH in place of a secret of 8 or more characters",
            Show = static options => string.Join(", ", options.Tokens),
            Apply = static (options, text) => TokenList.TryParse(text, out var tokens) ? options with { Tokens = tokens } : null,
        },
        new()
        {
            Name = "auth.tokens-file",
            Help = "A file with one token a line; # begins a comment. Its tokens are added to auth.tokens.",
            Form = "a readable file with one token a line",
            Show = static options => options.TokensFile ?? string.Empty,
            Apply = static (options, text) =>
                options with { TokensFile = text.Length == 0 ? null : Path.GetFullPath(text) },
        },
        .. Authentication(),
        Switch("metrics.open", "Whether /metrics answers without a token.",
            static options => options.OpenMetrics, static (options, value) => options with { OpenMetrics = value }),
        Url("otlp.endpoint", "Where metrics are pushed in OTLP over gRPC.",
            static options => options.OtlpEndpoint, static (options, value) => options with { OtlpEndpoint = value }),
        Switch("log.access", "Whether every request is logged.",
            static options => options.AccessLog, static (options, value) => options with { AccessLog = value }),
        .. Logging(),
        .. Handlers(),
        .. Panels(),
        .. Symbols(),
        .. Mounts(),
    ];

    private static Setting[] Limits() =>
    [
        Bytes("limits.body", "Largest upload.",
            static options => options.Limits.BodyBytes,
            static (options, value) => options with { Limits = options.Limits with { BodyBytes = value } }),
        SmallBytes("limits.document", "Largest body that is read whole, such as an action result.",
            static limits => limits.DocumentBytes, static (limits, value) => limits with { DocumentBytes = value }),
        SmallBytes("limits.headers", "Most bytes of a request's header lines together.",
            static limits => limits.HeaderBytes, static (limits, value) => limits with { HeaderBytes = value }),
        Count("limits.header-count", "Most header lines of a request.",
            static limits => limits.HeaderCount, static (limits, value) => limits with { HeaderCount = value }),
        SmallBytes("limits.request-line", "Longest request line.",
            static limits => limits.RequestLineBytes, static (limits, value) => limits with { RequestLineBytes = value }),
        Count("limits.connections", "Most open connections; more are closed as they come.",
            static limits => limits.Connections, static (limits, value) => limits with { Connections = value }),
        Count("limits.uploads", "Most uploads that are stored at one time; more are answered without being stored.",
            static limits => limits.Uploads, static (limits, value) => limits with { Uploads = value }),
        Duration("limits.keep-alive", "How long a connection may be idle between requests.",
            static options => options.Limits.KeepAlive,
            static (options, value) => options with { Limits = options.Limits with { KeepAlive = value } }),
        Duration("limits.headers-timeout", "How long the header lines of a request may take to come.",
            static options => options.Limits.Headers,
            static (options, value) => options with { Limits = options.Limits with { Headers = value } }),
        SmallBytes("limits.min-upload-rate", "Slowest upload that is tolerated, in bytes a second; 0 tolerates any.",
            static limits => limits.MinUploadBytesPerSecond, static (limits, value) => limits with { MinUploadBytesPerSecond = value }),
        SmallBytes("limits.min-download-rate", "Slowest download that is tolerated, in bytes a second; 0 tolerates any.",
            static limits => limits.MinDownloadBytesPerSecond, static (limits, value) => limits with { MinDownloadBytesPerSecond = value }),
        Duration("limits.slow-grace", "How long a transfer may be slower than its minimum.",
            static options => options.Limits.SlowGrace,
            static (options, value) => options with { Limits = options.Limits with { SlowGrace = value } }),
    ];

    private static Setting Bytes(
        string name, string help, Func<NodeOptions, long> get, Func<NodeOptions, long, NodeOptions> set, string? alias = null) => new()
        {
            Name = name,
            Help = help,
            Form = Size,
            Show = options => Quantity.FormatBytes(get(options)),
            Apply = (options, text) => Quantity.TryParseBytes(text, out var value) ? set(options, value) : null,
            Alias = alias,
        };

    private static Setting SmallBytes(
        string name, string help, Func<NodeLimits, int> get, Func<NodeLimits, int, NodeLimits> set) => new()
        {
            Name = name,
            Help = help,
            Form = Size + ", below 2GiB",
            Show = options => Quantity.FormatBytes(get(options.Limits)),
            Apply = (options, text) => Quantity.TryParseBytes(text, out var value) && value <= int.MaxValue
                ? options with { Limits = set(options.Limits, (int)value) }
                : null,
        };

    private static Setting Count(
        string name, string help, Func<NodeLimits, int> get, Func<NodeLimits, int, NodeLimits> set) => new()
        {
            Name = name,
            Help = help,
            Form = "a number",
            Show = options => get(options.Limits).ToString(CultureInfo.InvariantCulture),
            Apply = (options, text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? options with { Limits = set(options.Limits, value) }
                : null,
        };

    private static Setting Limit(
        string name, string help, Func<NodeOptions, long> get, Func<NodeOptions, long, NodeOptions> set) => new()
        {
            Name = name,
            Help = help,
            Form = "a number, or none",
            Show = options => get(options) < 0 ? "none" : get(options).ToString(CultureInfo.InvariantCulture),
            Apply = (options, text) => text is "none" or "-1" ? set(options, -1)
                : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? set(options, value)
                : null,
        };

    private static Setting Duration(
        string name,
        string help,
        Func<NodeOptions, TimeSpan> get,
        Func<NodeOptions, TimeSpan, NodeOptions> set,
        string? alias = null,
        Func<string, string>? fromAlias = null) => new()
        {
            Name = name,
            Alias = alias,
            FromAlias = fromAlias,
            Help = help,
            Form = Time,
            Show = options => Quantity.FormatTime(get(options)),
            Apply = (options, text) => Quantity.TryParseTime(text, out var value) ? set(options, value) : null,
        };

    private static Setting Switch(
        string name, string help, Func<NodeOptions, bool> get, Func<NodeOptions, bool, NodeOptions> set, string? alias = null) => new()
        {
            Name = name,
            Alias = alias,
            Help = help,
            Form = OnOff,
            Show = options => get(options) ? "true" : "false",
            Apply = (options, text) => text.ToLowerInvariant() switch
            {
                "true" or "yes" or "on" or "1" => set(options, true),
                "false" or "no" or "off" or "0" => set(options, false),
                _ => null,
            },
        };

    private static Setting Url(
        string name, string help, Func<NodeOptions, Uri?> get, Func<NodeOptions, Uri?, NodeOptions> set) => new()
        {
            Name = name,
            Help = help,
            Form = "an http:// or https:// address",
            Show = options => Redact(get(options)),
            Apply = (options, text) => text.Length == 0 ? set(options, null)
                : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? set(options, url)
                : null,
        };

    // User names and passwords in an address are secrets.
    private static string Redact(Uri? url) =>
        url is null ? string.Empty
        : url.UserInfo.Length == 0 ? url.ToString()
        : new UriBuilder(url) { UserName = "***", Password = string.Empty }.Uri.ToString();
}
