using System.Collections.Immutable;

namespace Larder.Node.Configuration;

/// <content>The settings of the store that nodes share.</content>
internal static partial class Settings
{
    private static Setting[] Upstream() =>
    [
        new()
        {
            Name = "upstream.url",
            Help = "Another node, or a Redis server or cluster, that is asked on a miss.",
            Form = "an http://, https://, redis://, rediss:// or redis+unix:// address",
            Show = static options => Redact(options.Upstream),
            Apply = static (options, text) => text.Length == 0 ? options with { Upstream = null }
                : Uri.TryCreate(text, UriKind.Absolute, out var url) && RemoteStores.Knows(url) ? options with { Upstream = url }
                : null,
        },
        new()
        {
            Name = "upstream.token",
            Help = "The token that is shown to the upstream, on Redis the password.",
            Form = "a token",
            IsSecret = true,
            Show = static options => options.UpstreamToken is null ? string.Empty : "***",
            Apply = static (options, text) => options with { UpstreamToken = text.Length == 0 ? null : text },
        },
        Switch("upstream.write", "Whether what is stored here is also sent to the upstream.",
            static options => options.UpstreamWrite, static (options, value) => options with { UpstreamWrite = value }),
        Duration("upstream.timeout", "How long the upstream may take to begin an answer.",
            static options => options.UpstreamTimeout, static (options, value) => options with { UpstreamTimeout = value }),
        new()
        {
            Name = "upstream.certificates",
            Help = "A file with the certificates that may have signed the upstream's, instead of the system's.",
            Form = "a readable PEM file",
            Show = static options => options.UpstreamCertificates ?? string.Empty,
            Apply = static (options, text) =>
                options with { UpstreamCertificates = text.Length == 0 ? null : Path.GetFullPath(text) },
        },
        new()
        {
            Name = "upstream.nodes",
            Help = "Further nodes of a Redis cluster, asked when the one of upstream.url does not answer.",
            Form = "HOST:PORT, several separated by commas",
            Show = static options => string.Join(",", options.UpstreamNodes),
            Apply = static (options, text) => ParseNodes(text) is { } nodes ? options with { UpstreamNodes = nodes } : null,
        },
        new()
        {
            Name = "upstream.prefix",
            Help = "What every key on Redis begins with.",
            Form = "at most 64 characters without braces",
            Show = static options => options.UpstreamPrefix,
            Apply = static (options, text) =>
                text.Length <= 64 && text.IndexOfAny(['{', '}']) < 0 && !text.Any(char.IsControl) ? options with { UpstreamPrefix = text } : null,
        },
        Duration("upstream.ttl", "How long Redis keeps what is put there; 0s for as long as it likes.",
            static options => options.UpstreamTtl, static (options, value) => options with { UpstreamTtl = value }),
        Duration("upstream.lease", "How long a node that makes an artifact for all may be silent before another does; 0s for no turns.",
            static options => options.UpstreamLease, static (options, value) => options with { UpstreamLease = value }),
        Duration("upstream.lease-wait", "How long a node waits for another to make an artifact before it does so itself.",
            static options => options.UpstreamLeaseWait, static (options, value) => options with { UpstreamLeaseWait = value }),
    ];

    private static ImmutableArray<string>? ParseNodes(string text)
    {
        var nodes = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return nodes.All(static node => Uri.TryCreate($"redis://{node}", UriKind.Absolute, out var url) && url is { Port: > 0, AbsolutePath: "/" or "" })
            ? [.. nodes]
            : null;
    }
}
