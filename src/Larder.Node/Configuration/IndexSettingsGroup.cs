using System.Globalization;
using Larder.Indexer.Blocks;
using Larder.Node.Indexing;

namespace Larder.Node.Configuration;

/// <summary>The settings that exist once for every index: <c>indexes.NAME.source</c> and so on.</summary>
internal static class IndexSettingsGroup
{
    /// <summary>What every name of these begins with.</summary>
    public const string Group = "indexes.";

    private static readonly (string Name, string Form, Func<IndexOptions, string, IndexOptions?> Apply)[] Table =
    [
        ("directory", "a directory", static (options, text) => text.Length == 0 ? null : options with { Directory = Path.GetFullPath(text) }),
        ("module", "a file", static (options, text) => text.Length == 0 ? null : options with { Module = Path.GetFullPath(text) }),
        ("source", "the URL of a chain's node, a file or a directory", static (options, text) => text.Length == 0 ? null : options with { Source = text }),
        ("cookie", "a file", static (options, text) => text.Length == 0 ? null : options with { Cookie = Path.GetFullPath(text) }),
        ("startheight", "a height", static (options, text) =>
            uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? options with { StartHeight = value } : null),
        ("format", "bitcoin, verified or opaque", static (options, text) =>
            text.All(char.IsAsciiLetter) && Enum.TryParse<BlockFormat>(text, ignoreCase: true, out var value) ? options with { Format = value } : null),
        ("cachesize", "a size such as 1GiB, or 0", static (options, text) =>
            Quantity.TryParseBytes(text, out var value) ? options with { CacheBytes = value } : null),
        ("keep", "a number of blocks", static (options, text) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? options with { KeptBlocks = value } : null),
    ];

    /// <summary>Takes over one setting of an index.</summary>
    /// <param name="options">The options so far.</param>
    /// <param name="name">The name, such as <c>indexes.main.source</c>.</param>
    /// <param name="text">The value.</param>
    /// <param name="problem">A sentence when the name or the value is wrong; null when nothing is.</param>
    public static NodeOptions Apply(NodeOptions options, string name, string text, out string? problem)
    {
        problem = null;
        var last = name.LastIndexOf('.');
        var index = last > Group.Length ? name[Group.Length..last].ToLowerInvariant() : string.Empty;
        if (!IndexOptions.IsName(index))
        {
            problem = $"{name} is not a setting: write indexes.NAME.SETTING, such as indexes.main.source, with a name of a-z, 0-9, - and _.";
            return options;
        }

        var wanted = Setting.Normalize(name[(last + 1)..]);
        foreach (var (known, form, apply) in Table)
        {
            if (known == wanted)
            {
                var changed = apply(options.Indexes.GetValueOrDefault(index) ?? new IndexOptions(), text);

                // The URL of a node may have a password in it.
                problem = changed is null ? $"{name} must be {form}." : null;
                return changed is null ? options : options with { Indexes = options.Indexes.SetItem(index, changed) };
            }
        }

        problem = $"{name} is not a setting of an index; those are directory, module, source, cookie, start-height, format, cache-size and keep.";
        return options;
    }

    /// <summary>What is set for indexes, as rows for people.</summary>
    public static IEnumerable<(string Name, string Value)> Show(NodeOptions options)
    {
        foreach (var (name, index) in options.Indexes)
        {
            var parts = new List<string>();
            Add(parts, "directory", index.Directory);
            Add(parts, "module", index.Module);
            Add(parts, "source", index.Source is { } source ? Redacted(source) : null);
            Add(parts, "cookie", index.Cookie);
            Add(parts, "start-height", index.StartHeight?.ToString(CultureInfo.InvariantCulture));
            Add(parts, "format", index.Format?.ToString().ToLowerInvariant());
            Add(parts, "cache-size", index.CacheBytes is { } bytes ? Quantity.FormatBytes(bytes) : null);
            Add(parts, "keep", index.KeptBlocks?.ToString(CultureInfo.InvariantCulture));
            yield return (Group + name, string.Join(' ', parts));
        }
    }

    private static void Add(List<string> parts, string name, string? value)
    {
        if (value is not null)
        {
            parts.Add($"{name}={value}");
        }
    }

    private static string Redacted(string source) => Uri.TryCreate(source, UriKind.Absolute, out var url) && url.UserInfo.Length > 0
        ? new UriBuilder(url) { UserName = "***", Password = string.Empty }.Uri.ToString()
        : source;
}
