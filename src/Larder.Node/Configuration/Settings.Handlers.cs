using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Larder.Handlers;
using Larder.Handlers.Compilation;
using Larder.Handlers.Contract;
using Larder.Node.Handlers;
using Larder.Node.Panels;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Configuration;

/// <content>Handlers, panels, who may use them, and the log.</content>
internal static partial class Settings
{
    /// <summary>Fewest bytes of a secret that others cannot guess.</summary>
    public const int MinJwtSecretBytes = 16;

    private static Setting[] Authentication() =>
    [
        new()
        {
            Name = "auth.enabled",
            Help = "Whether callers must show something: true refuses to start without a token or secret, false ignores the secret.",
            Form = "true, false or auto",
            Show = static options => options.AuthEnabled switch { true => "true", false => "false", null => "auto" },
            Apply = static (options, text) => text.ToLowerInvariant() switch
            {
                "true" or "yes" or "on" or "1" => options with { AuthEnabled = true },
                "false" or "no" or "off" or "0" => options with { AuthEnabled = false },
                "auto" => options with { AuthEnabled = null },
                _ => null,
            },
            Alias = "AUTH_ENABLED",
        },
        new()
        {
            Name = "auth.jwt-secret",
            Help = "The shared secret of JSON Web Tokens (HS256) that open handlers and panels.",
            Form = $"a secret of at least {MinJwtSecretBytes} bytes",
            Show = static options => options.JwtSecret is null ? string.Empty : "***",
            Apply = static (options, text) => text.Length == 0 ? options with { JwtSecret = null }
                : Encoding.UTF8.GetByteCount(text) >= MinJwtSecretBytes ? options with { JwtSecret = text }
                : null,
            Alias = "JWT_SECRET",
            IsSecret = true,
        },
    ];

    private static Setting[] Logging() =>
    [
        new()
        {
            Name = "log.level",
            Help = "How much is logged on standard error.",
            Form = "trace, debug, info, warn, error or none",
            Show = static options => options.LogLevel switch
            {
                LogLevel.Information => "info",
                LogLevel.Warning => "warn",
                _ => options.LogLevel.ToString().ToLowerInvariant(),
            },
            Apply = static (options, text) => text.ToLowerInvariant() switch
            {
                "trace" => options with { LogLevel = LogLevel.Trace },
                "debug" => options with { LogLevel = LogLevel.Debug },
                "info" or "information" => options with { LogLevel = LogLevel.Information },
                "warn" or "warning" => options with { LogLevel = LogLevel.Warning },
                "error" or "critical" => options with { LogLevel = LogLevel.Error },
                "none" => options with { LogLevel = LogLevel.None },
                _ => null,
            },
            Alias = "LOG_LEVEL",
        },
        Switch("log.pretty", "Whether log lines are for people; otherwise each is a JSON object.",
            static options => options.LogPretty, static (options, value) => options with { LogPretty = value }, alias: "LOG_PRETTY"),
    ];

    private static Setting[] Handlers() =>
    [
        Switch("handlers.enabled", "Whether the node runs JavaScript handlers.",
            static options => options.Handlers.Enabled,
            static (options, value) => options with { Handlers = options.Handlers with { Enabled = value } }),
        Words("handlers.engine", "The JavaScript engine's WebAssembly module; nothing for the one that came with the program.", "a file",
            static options => options.Handlers.Runtime.EngineModulePath,
            static (options, value) => OfRuntime(options, runtime => runtime with { EngineModulePath = value is null ? null : Path.GetFullPath(value) })),
        Number("handlers.max-instances", "Most handlers that run at a time.", 1, 100_000,
            static options => options.Handlers.Runtime.MaxInstances,
            static (options, value) => OfRuntime(options, runtime => runtime with { MaxInstances = (int)value }), "MAX_INSTANCES"),
        Number("handlers.min-instances", "Instances that are ready from the start; with 0 the engine starts with the first call.", 0, 100_000,
            static options => options.Handlers.Runtime.MinInstances,
            static (options, value) => OfRuntime(options, runtime => runtime with { MinInstances = (int)value }), "MIN_INSTANCES"),
        BytesWithin("handlers.memory-limit", "Memory of one instance.", 1L << 20, 2L << 30,
            static options => options.Handlers.Runtime.MemoryLimitBytes,
            static (options, value) => OfRuntime(options, runtime => runtime with { MemoryLimitBytes = value }),
            "MEMORY_LIMIT_MB", static text => text + "MiB"),
        BytesWithin("handlers.total-memory", "Memory of all instances together; 0 is no limit.", 0, long.MaxValue,
            static options => options.Handlers.Runtime.TotalMemoryBytes,
            static (options, value) => OfRuntime(options, runtime => runtime with { TotalMemoryBytes = value })),
        BytesWithin("handlers.stack", "Stack of JavaScript calls.", 64 << 10, 1 << 20,
            static options => options.Handlers.Runtime.StackBytes,
            static (options, value) => OfRuntime(options, runtime => runtime with { StackBytes = (int)value })),
        Duration("handlers.timeout", "How long a handler's code may run; 0ms is no limit.",
            static options => options.Handlers.Runtime.Limits.Timeout,
            static (options, value) => OfLimits(options, limits => limits with { Timeout = value }),
            "TIMEOUT_MS", static text => text + "ms"),
        Number("handlers.fuel", "Instructions of one run, the same on every machine; 0 is no limit.", 0, long.MaxValue,
            static options => options.Handlers.Runtime.Limits.Fuel,
            static (options, value) => OfLimits(options, limits => limits with { Fuel = value })),
        Number("handlers.max-host-calls", "Calls of host functions by one run.", 0, int.MaxValue,
            static options => options.Handlers.Runtime.Limits.HostCalls,
            static (options, value) => OfLimits(options, limits => limits with { HostCalls = (int)value }), "MAX_HOST_CALLS"),
        Number("handlers.max-state-mutations", "Changes of the state by one run.", 0, int.MaxValue,
            static options => options.Handlers.Runtime.Limits.StateMutations,
            static (options, value) => OfLimits(options, limits => limits with { StateMutations = (int)value })),
        Number("handlers.max-events", "Events of one run.", 0, int.MaxValue,
            static options => options.Handlers.Runtime.Limits.Events,
            static (options, value) => OfLimits(options, limits => limits with { Events = (int)value })),
        Number("handlers.max-view-commands", "View commands of one run.", 0, int.MaxValue,
            static options => options.Handlers.Runtime.Limits.ViewCommands,
            static (options, value) => OfLimits(options, limits => limits with { ViewCommands = (int)value })),
        BytesWithin("handlers.max-output", "Effects and return value of one run, as JSON.", 0, int.MaxValue,
            static options => options.Handlers.Runtime.Limits.OutputBytes,
            static (options, value) => OfLimits(options, limits => limits with { OutputBytes = (int)value })),
        BytesWithin("handlers.max-log", "What one run may log; more is cut.", 0, int.MaxValue,
            static options => options.Handlers.Runtime.Limits.LogBytes,
            static (options, value) => OfLimits(options, limits => limits with { LogBytes = (int)value })),
        BytesWithin("handlers.max-source", "Source text of one handler.", 1, 64 << 20,
            static options => options.Handlers.Runtime.MaxSourceBytes,
            static (options, value) => OfRuntime(options, runtime => runtime with { MaxSourceBytes = (int)value })),
        BytesWithin("handlers.max-input", "State, arguments and scope of one call together.", 1, 512 << 20,
            static options => options.Handlers.Runtime.MaxInputBytes,
            static (options, value) => OfRuntime(options, runtime => runtime with { MaxInputBytes = (int)value })),
        Number("handlers.max-queued", "Calls that may wait for an instance.", 0, 1_000_000,
            static options => options.Handlers.Runtime.MaxQueued,
            static (options, value) => OfRuntime(options, runtime => runtime with { MaxQueued = (int)value })),
        Duration("handlers.acquire-timeout", "Longest wait for an instance.",
            static options => options.Handlers.Runtime.AcquireTimeout,
            static (options, value) => OfRuntime(options, runtime => runtime with { AcquireTimeout = value })),
        Duration("handlers.idle-timeout", "How long an instance above handlers.min-instances may be idle before it goes.",
            static options => options.Handlers.Runtime.IdleTimeout,
            static (options, value) => OfRuntime(options, runtime => runtime with { IdleTimeout = value })),
        Number("handlers.max-uses", "Runs after which an instance is replaced; 0 is no limit.", 0, int.MaxValue,
            static options => options.Handlers.Runtime.MaxUses,
            static (options, value) => OfRuntime(options, runtime => runtime with { MaxUses = (int)value })),
        BytesWithin("handlers.cache", "Memory for compiled handlers.", 0, long.MaxValue,
            static options => options.Handlers.Runtime.Compiler.CapacityBytes,
            static (options, value) => OfCompiler(options, compiler => compiler with { CapacityBytes = value }), "MAX_CACHE_SIZE_BYTES"),
        Words("handlers.version-tag", "Another tag, other handlers: a new one leaves every compiled handler behind.", "a word",
            static options => options.Handlers.Runtime.Compiler.VersionTag,
            static (options, value) => OfCompiler(options, compiler => compiler with { VersionTag = value ?? string.Empty })),
        new()
        {
            Name = "handlers.key",
            Help = "A secret by which compiled handlers prove that they come from nodes that know it.",
            Form = $"a secret of at least {MinJwtSecretBytes} bytes",
            Show = static options => options.Handlers.Runtime.Compiler.Key.IsEmpty ? string.Empty : "***",
            Apply = static (options, text) => text.Length == 0 || Encoding.UTF8.GetByteCount(text) >= MinJwtSecretBytes
                ? OfCompiler(options, compiler => compiler with { Key = Encoding.UTF8.GetBytes(text) })
                : null,
            IsSecret = true,
        },
        Number("handlers.max-images", "Handlers whose code is kept loaded.", 0, 100_000,
            static options => options.Handlers.Runtime.MaxHandlerImages,
            static (options, value) => OfRuntime(options, runtime => runtime with { MaxHandlerImages = (int)value })),
        Number("handlers.max-suspended", "Runs that may be suspended at a time.", 0, 1_000_000,
            static options => options.Handlers.Runtime.MaxSuspended,
            static (options, value) => OfRuntime(options, runtime => runtime with { MaxSuspended = (int)value })),
        BytesWithin("handlers.max-suspended-memory", "Memory that suspended runs may hold together.", 0, long.MaxValue,
            static options => options.Handlers.Runtime.MaxSuspendedBytes,
            static (options, value) => OfRuntime(options, runtime => runtime with { MaxSuspendedBytes = value })),
        Duration("handlers.suspension-timeout", "How long a run stays suspended at most.",
            static options => options.Handlers.Runtime.SuspensionTimeout,
            static (options, value) => OfRuntime(options, runtime => runtime with { SuspensionTimeout = value })),
        Switch("handlers.time-capability", "Whether reading the time needs the capability time:now.",
            static options => options.Handlers.Runtime.TimeRequiresCapability,
            static (options, value) => OfRuntime(options, runtime => runtime with { TimeRequiresCapability = value })),
        BytesWithin("handlers.body", "Largest request body and WebSocket message.", 1024, 512 << 20,
            static options => options.Handlers.BodyBytes,
            static (options, value) => OfHandlers(options, handlers => handlers with { BodyBytes = (int)value }), "BODY_LIMIT"),
        Number("handlers.max-batch", "Calls of one batch.", 1, 100_000,
            static options => options.Handlers.BatchCalls,
            static (options, value) => OfHandlers(options, handlers => handlers with { BatchCalls = (int)value })),
        Words("handlers.warm", "A directory whose *.js files are compiled at the start.", "a directory",
            static options => options.Handlers.WarmDirectory,
            static (options, value) => OfHandlers(options, handlers => handlers with { WarmDirectory = value is null ? null : Path.GetFullPath(value) })),
        List("handlers.cors-origins", "Origins of other sites' pages that may use handlers and panels.",
            "origins such as https://app.example, or *, separated by commas", IsOrigin,
            static options => options.Handlers.CorsOrigins,
            static (options, value) => OfHandlers(options, handlers => handlers with { CorsOrigins = value }), "CORS_ORIGINS"),
        Switch("handlers.metric-aliases", "Whether /metrics has the names of the original, nexus_..., too.",
            static options => options.Handlers.MetricAliases,
            static (options, value) => options with { Handlers = options.Handlers with { MetricAliases = value } }),
        List("handlers.http.allowed-domains", "Hosts that the extension http may ask, compared exactly.",
            "host names separated by commas", static host => Uri.CheckHostName(host.Trim('[', ']')) != UriHostNameType.Unknown,
            static options => options.Handlers.Http.AllowedDomains,
            static (options, value) => OfHttp(options, http => http with { AllowedDomains = value }), "HTTP_ALLOWED_DOMAINS"),
        Switch("handlers.http.private-addresses", "Whether an allowed host may have a loopback, private or link-local address.",
            static options => options.Handlers.Http.AllowPrivateAddresses,
            static (options, value) => OfHttp(options, http => http with { AllowPrivateAddresses = value })),
        Number("handlers.http.max-concurrent", "Requests of the extension http at a time.", 1, 100_000,
            static options => options.Handlers.Http.MaxConcurrent,
            static (options, value) => OfHttp(options, http => http with { MaxConcurrent = (int)value }), "HTTP_MAX_CONCURRENT"),
        Duration("handlers.http.timeout", "Longest time of one request of the extension http.",
            static options => options.Handlers.Http.Timeout,
            static (options, value) => OfHttp(options, http => http with { Timeout = value }),
            "HTTP_TIMEOUT", static text => text + "ms"),
        BytesWithin("handlers.http.max-response", "Largest answer that the extension http takes, decompressed.", 0, 256 << 20,
            static options => options.Handlers.Http.MaxResponseBytes,
            static (options, value) => OfHttp(options, http => http with { MaxResponseBytes = (int)value })),
        Number("handlers.http.max-redirects", "Redirections that the extension http follows.", 0, 50,
            static options => options.Handlers.Http.MaxRedirects,
            static (options, value) => OfHttp(options, http => http with { MaxRedirects = (int)value })),
        Words("handlers.http.user-agent", "What the extension http calls itself.", "a name",
            static options => options.Handlers.Http.UserAgent,
            static (options, value) => OfHttp(options, http => http with { UserAgent = value ?? new HttpExtensionOptions().UserAgent })),
    ];

    private static Setting[] Panels() =>
    [
        Number("panels.max", "Most panels; creating more is refused.", 0, 1_000_000,
            static options => options.Panels.MaxPanels,
            static (options, value) => OfPanels(options, panels => panels with { MaxPanels = (int)value }), "MAX_PANELS"),
        Number("panels.max-queued", "Calls that may wait in one panel.", 1, 100_000,
            static options => options.Panels.MaxQueued,
            static (options, value) => OfPanels(options, panels => panels with { MaxQueued = (int)value })),
        BytesWithin("panels.max-state", "Largest state of one panel, as JSON.", 2, 256 << 20,
            static options => options.Panels.MaxStateBytes,
            static (options, value) => OfPanels(options, panels => panels with { MaxStateBytes = (int)value })),
        Number("panels.max-sockets", "Open sockets of one panel.", 1, 1_000_000,
            static options => options.Panels.MaxSockets,
            static (options, value) => OfPanels(options, panels => panels with { MaxSockets = (int)value })),
        Number("panels.max-socket-messages", "Messages that may wait for one slow client.", 1, 1_000_000,
            static options => options.Panels.MaxSocketMessages,
            static (options, value) => OfPanels(options, panels => panels with { MaxSocketMessages = (int)value })),
        BytesWithin("panels.max-socket-bytes", "Bytes that may wait for one slow client.", 1024, 1 << 30,
            static options => options.Panels.MaxSocketBytes,
            static (options, value) => OfPanels(options, panels => panels with { MaxSocketBytes = (int)value })),
        Duration("panels.idle-timeout", "How long a panel may be unused before it is removed; 0ms keeps it.",
            static options => options.Panels.IdleTimeout,
            static (options, value) => OfPanels(options, panels => panels with { IdleTimeout = value }),
            "IDLE_WORKSPACE_TIMEOUT_MS", static text => text + "ms"),
        Duration("panels.min-interval", "Shortest interval of a trigger.",
            static options => options.Panels.MinInterval,
            static (options, value) => OfPanels(options, panels => panels with { MinInterval = value })),
        Number("panels.max-trigger-depth", "Triggers that may follow from one another.", 0, 1_000,
            static options => options.Panels.MaxTriggerDepth,
            static (options, value) => OfPanels(options, panels => panels with { MaxTriggerDepth = (int)value })),
        Number("panels.websocket-port", "A second port on the same address, for WebSockets and all else; 0 for none.", 0, 65_535,
            static options => options.Panels.WebSocketPort,
            static (options, value) => OfPanels(options, panels => panels with { WebSocketPort = (int)value }), "WS_PORT"),
        Words("panels.workspace", "The workspace of this node; tokens of another one are refused.", "a name",
            static options => options.Panels.Workspace,
            static (options, value) => OfPanels(options, panels => panels with { Workspace = value }), "WORKSPACE_ID"),
    ];

    private static NodeOptions OfHandlers(NodeOptions options, Func<HandlerOptions, HandlerOptions> change) =>
        options with { Handlers = change(options.Handlers) };

    private static NodeOptions OfRuntime(NodeOptions options, Func<HandlerRuntimeOptions, HandlerRuntimeOptions> change) =>
        OfHandlers(options, handlers => handlers with { Runtime = change(handlers.Runtime) });

    private static NodeOptions OfCompiler(NodeOptions options, Func<HandlerCompilerOptions, HandlerCompilerOptions> change) =>
        OfRuntime(options, runtime => runtime with { Compiler = change(runtime.Compiler) });

    private static NodeOptions OfLimits(NodeOptions options, Func<ExecutionLimits, ExecutionLimits> change) =>
        OfRuntime(options, runtime => runtime with { Limits = change(runtime.Limits) });

    private static NodeOptions OfHttp(NodeOptions options, Func<HttpExtensionOptions, HttpExtensionOptions> change) =>
        OfHandlers(options, handlers => handlers with { Http = change(handlers.Http) });

    private static NodeOptions OfPanels(NodeOptions options, Func<PanelOptions, PanelOptions> change) =>
        options with { Panels = change(options.Panels) };

    private static bool IsOrigin(string text) =>
        text == "*"
        || (Uri.TryCreate(text, UriKind.Absolute, out var origin)
            && origin.Scheme is "http" or "https"
            && string.Equals(origin.GetLeftPart(UriPartial.Authority), text, StringComparison.OrdinalIgnoreCase));

    private static Setting Number(
        string name,
        string help,
        long least,
        long most,
        Func<NodeOptions, long> get,
        Func<NodeOptions, long, NodeOptions> set,
        string? alias = null) => new()
        {
            Name = name,
            Help = help,
            Form = most >= int.MaxValue
                ? string.Create(CultureInfo.InvariantCulture, $"a number of at least {least}")
                : string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"),
            Show = options => get(options).ToString(CultureInfo.InvariantCulture),
            Apply = (options, text) =>
                long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
                    ? set(options, value)
                    : null,
            Alias = alias,
        };

    private static Setting BytesWithin(
        string name,
        string help,
        long least,
        long most,
        Func<NodeOptions, long> get,
        Func<NodeOptions, long, NodeOptions> set,
        string? alias = null,
        Func<string, string>? fromAlias = null) => new()
        {
            Name = name,
            Help = help,
            Form = least == 0 && most == long.MaxValue ? Size
                : $"a size from {Quantity.FormatBytes(least)} to {(most == int.MaxValue ? "2GiB" : Quantity.FormatBytes(most))}, such as 32MiB",
            Show = options => Quantity.FormatBytes(get(options)),
            Apply = (options, text) => Quantity.TryParseBytes(text, out var value) && value >= least && value <= most
                ? set(options, value)
                : null,
            Alias = alias,
            FromAlias = fromAlias,
        };

    private static Setting Words(
        string name,
        string help,
        string form,
        Func<NodeOptions, string?> get,
        Func<NodeOptions, string?, NodeOptions> set,
        string? alias = null) => new()
        {
            Name = name,
            Help = help,
            Form = form,
            Show = options => get(options) ?? string.Empty,
            Apply = (options, text) => text.Any(char.IsControl) ? null : set(options, text.Length == 0 ? null : text),
            Alias = alias,
        };

    private static Setting List(
        string name,
        string help,
        string form,
        Func<string, bool> isValid,
        Func<NodeOptions, ImmutableArray<string>> get,
        Func<NodeOptions, ImmutableArray<string>, NodeOptions> set,
        string? alias = null) => new()
        {
            Name = name,
            Help = help,
            Form = form,
            Show = options => string.Join(',', get(options)),
            Apply = (options, text) =>
            {
                var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                return parts.All(isValid) ? set(options, [.. parts]) : null;
            },
            Alias = alias,
        };
}
