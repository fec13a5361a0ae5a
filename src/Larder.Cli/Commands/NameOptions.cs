using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;

namespace Larder.Cli.Commands;

/// <summary>
/// The ways to name an artifact: <c>KIND/FINGERPRINT</c>, a fingerprint with <c>--kind</c>, or a recipe out of a file
/// or out of components.
/// </summary>
internal sealed class NameOptions
{
    private readonly Terminal _terminal;

    private readonly Option<string?> _kind = new("--kind", "-k")
    {
        Description = "The kind of artifact, such as handler or bazel-cas.",
        HelpName = "KIND",
    };

    private readonly Option<string[]> _components = new("--component", "-c")
    {
        Description = "One component of the recipe; repeat it. NAME=TEXT, or NAME:TYPE=VALUE with the type text, integer, "
            + "boolean, fingerprint, bytes (hexadecimal) or file (the digest of that file).",
        HelpName = "NAME[:TYPE]=VALUE",
        DefaultValueFactory = static _ => [],
    };

    private readonly Option<uint> _formatVersion = new("--format-version")
    {
        Description = "The version of the artifact's own format, for a recipe out of components.",
        HelpName = "NUMBER",
        DefaultValueFactory = static _ => 1,
    };

    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "A file that holds the recipe as JSON.",
        HelpName = "FILE",
    };

    private NameOptions(Terminal terminal) => _terminal = terminal;

    /// <summary>Adds the options to a command.</summary>
    public static NameOptions AddTo(Command command, Terminal terminal)
    {
        var options = new NameOptions(terminal);
        command.Options.Add(options._kind);
        command.Options.Add(options._recipe);
        command.Options.Add(options._components);
        command.Options.Add(options._formatVersion);
        return options;
    }

    /// <summary>The kind that was given; null when none was.</summary>
    /// <exception cref="CommandException">The name breaks the rules of kinds.</exception>
    public ArtifactKind? Kind(ParseResult parsed) => parsed.GetValue(_kind) is { } name ? ParseKind(name) : null;

    /// <summary>The key that was given by name or by recipe; null when neither was.</summary>
    /// <exception cref="CommandException">The name is malformed or ambiguous.</exception>
    public async Task<ArtifactKey?> KeyAsync(ParseResult parsed, string? name, CancellationToken cancellationToken)
    {
        var recipe = await RecipeAsync(parsed, cancellationToken).ConfigureAwait(false);
        if (name is null)
        {
            return recipe?.Key;
        }

        if (recipe is not null)
        {
            throw CommandException.Usage($"'{name}' and a recipe both name the artifact; give one of them.");
        }

        return ParseKey(name, Kind(parsed));
    }

    /// <summary>The recipe that was given as a file or as components; null when neither was.</summary>
    /// <exception cref="CommandException">The file cannot be read, or a component is malformed.</exception>
    public async Task<Recipe?> RecipeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var components = parsed.GetValue(_components) ?? [];
        if (parsed.GetValue(_recipe) is { } file)
        {
            return components.Length == 0
                ? await ReadRecipeAsync(file, cancellationToken).ConfigureAwait(false)
                : throw CommandException.Usage("--recipe and --component both give the recipe; give one of them.");
        }

        if (components.Length == 0)
        {
            return null;
        }

        var kind = Kind(parsed) ?? throw CommandException.Usage("A recipe out of components needs its kind: add --kind KIND.");
        var builder = Recipe.For(kind, parsed.GetValue(_formatVersion));
        foreach (var component in components)
        {
            await AddAsync(builder, component, cancellationToken).ConfigureAwait(false);
        }

        return builder.Build();
    }

    /// <summary>Reads <c>KIND/FINGERPRINT</c>, or a fingerprint when the kind is known from elsewhere.</summary>
    internal static ArtifactKey ParseKey(string name, ArtifactKind? kind)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var own = slash >= 0 ? ParseKind(name[..slash]) : (ArtifactKind?)null;
        if (own is not null && kind is not null && own != kind)
        {
            throw CommandException.Usage($"'{name}' is of kind {own.Value.Name}, and --kind says {kind.Value.Name}; leave one out.");
        }

        var digits = name[(slash + 1)..];
        if (!Fingerprint.TryParse(digits, out var fingerprint))
        {
            throw CommandException.Usage(
                $"'{digits}' is not a fingerprint: it has 64 hexadecimal digits; 'larder ls' lists those that are stored.");
        }

        return (own ?? kind) is { } known
            ? new ArtifactKey(known, fingerprint)
            : throw CommandException.Usage($"The kind of '{name}' is missing: write KIND/FINGERPRINT or add --kind KIND.");
    }

    internal static ArtifactKind ParseKind(string name) =>
        ArtifactKind.TryParse(name, out var kind)
            ? kind
            : throw CommandException.Usage(
                $"'{name}' is not a kind: a kind has 1 to {ArtifactKind.MaxLength} characters out of a-z, 0-9, '-', '_' and '.'.");

    private static async Task AddAsync(RecipeBuilder builder, string component, CancellationToken cancellationToken)
    {
        var equals = component.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            throw CommandException.Usage($"'{component}' is not a component: write NAME=TEXT or NAME:TYPE=VALUE.");
        }

        var (name, value) = (component[..equals], component[(equals + 1)..]);
        var colon = name.LastIndexOf(':');
        var type = colon > 0 ? name[(colon + 1)..] : "text";
        name = colon > 0 ? name[..colon] : name;
        try
        {
            _ = type switch
            {
                "text" => builder.Add(name, value),
                "integer" => builder.Add(name, long.Parse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)),
                "boolean" => builder.Add(name, bool.Parse(value)),
                "fingerprint" => builder.Add(name, Fingerprint.Parse(value)),
                "bytes" => builder.Add(name, Convert.FromHexString(value).AsSpan()),
                "file" => builder.Add(name, await DigestOfAsync(value, cancellationToken).ConfigureAwait(false)),
                _ => throw new FormatException($"'{type}' is not a type; write text, integer, boolean, fingerprint, bytes or file"),
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw CommandException.Usage($"Component '{component}' is malformed: {e.Message.TrimEnd('.')}.");
        }
    }

    private static async Task<Fingerprint> DigestOfAsync(string path, CancellationToken cancellationToken)
    {
        var content = LocalFiles.OpenRead(path);
        await using (content.ConfigureAwait(false))
        {
            return await Fingerprint.OfContentAsync(content, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Recipe> ReadRecipeAsync(string path, CancellationToken cancellationToken)
    {
        var content = path == "-" ? _terminal.Input : LocalFiles.OpenRead(path);
        await using (content.ConfigureAwait(false))
        {
            try
            {
                return await JsonSerializer.DeserializeAsync(content, CliJson.Default.Recipe, cancellationToken).ConfigureAwait(false)
                    ?? throw new JsonException("it is empty");
            }
            catch (JsonException e)
            {
                throw CommandException.Usage($"'{path}' holds no recipe: {e.Message.TrimEnd('.')}; docs/CLI.md shows one.");
            }
        }
    }
}
