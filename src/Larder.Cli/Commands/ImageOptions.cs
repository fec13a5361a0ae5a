using System.CommandLine;
using Larder.Cli.Images;
using Larder.Node;
using Larder.Oci.Registry;

namespace Larder.Cli.Commands;

/// <summary>The options that say where layers are kept, and how images are got.</summary>
internal sealed class ImageOptions
{
    private readonly Terminal _terminal;

    private readonly Option<string?> _cache = new("--cache-dir")
    {
        Description = "Where layers are kept. Default: larder-images in the user's cache directory.",
        HelpName = "DIRECTORY",
    };

    private readonly Option<long> _capacity = new("--capacity")
    {
        Description = "Most bytes that the cache directory may take, such as 20GiB. Default: 32GiB.",
        HelpName = "BYTES",
        CustomParser = Quantities.ParseBytes,
        DefaultValueFactory = static _ => 32L * 1024 * 1024 * 1024,
    };

    private readonly Option<string?> _remote = new("--remote")
    {
        Description = "A cache that nodes share: another node (http://HOST:7070), or Redis and its kin (redis://HOST).",
        HelpName = "URL",
    };

    private readonly Option<string?> _platform = new("--platform")
    {
        Description = "The platform, such as linux/arm64. Default: this machine's.",
        HelpName = "OS/ARCHITECTURE",
    };

    private readonly Option<bool> _plainHttp = new("--plain-http") { Description = "Speak to the registry without TLS. Without it, only to loopback." };

    private readonly Option<string?> _caFile = new("--ca-file")
    {
        Description = "Certificates in PEM form that are trusted besides the system's.",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _mirrors = new("--mirror")
    {
        Description = "A server that is asked before a registry. Can be given several times.",
        HelpName = "REGISTRY=SERVER",
    };

    private readonly Option<string?> _user = new("--username")
    {
        Description = "Who to be at the registry. Default: LARDER_REGISTRY_USERNAME, or whom 'docker login' knows.",
        HelpName = "NAME",
    };

    private readonly Option<bool> _password = new("--password-stdin")
    {
        Description = "Read the password from standard input. Default: LARDER_REGISTRY_PASSWORD, or what 'docker login' keeps.",
    };

    private ImageOptions(Terminal terminal) => _terminal = terminal;

    /// <summary>Adds the options to a command.</summary>
    public static ImageOptions AddTo(Command command, Terminal terminal)
    {
        var options = new ImageOptions(terminal);
        foreach (var option in (Option[])
            [
                options._cache, options._capacity, options._remote, options._platform, options._plainHttp, options._caFile, options._mirrors,
                options._user, options._password,
            ])
        {
            command.Options.Add(option);
        }

        return options;
    }

    /// <summary>Adds only the cache directory, for commands that need nothing else.</summary>
    public static ImageOptions AddCacheTo(Command command, Terminal terminal)
    {
        var options = new ImageOptions(terminal);
        command.Options.Add(options._cache);
        return options;
    }

    /// <summary>What a command line says.</summary>
    public ImageSettings Read(ParseResult parsed) => new()
    {
        CacheDirectory = ReadCacheDirectory(parsed),
        CapacityBytes = parsed.GetValue(_capacity),
        Remote = parsed.GetValue(_remote) ?? _terminal.Variable("LARDER_IMAGE_REMOTE"),
        Platform = parsed.GetValue(_platform),
        PlainHttp = parsed.GetValue(_plainHttp),
        CaFile = parsed.GetValue(_caFile) is { } file ? Path.GetFullPath(file) : null,
        Mirrors = parsed.GetValue(_mirrors) ?? [],
        Credential = ReadCredential(parsed),
    };

    /// <summary>The cache directory that a command line says.</summary>
    public string ReadCacheDirectory(ParseResult parsed) =>
        Path.GetFullPath(parsed.GetValue(_cache) ?? NodeOptions.DefaultDataDirectory(_terminal.Variable) + "-images");

    /// <summary>The argument that names an image.</summary>
    public static Argument<string> Reference() => new("image")
    {
        Description = "[REGISTRY/]REPOSITORY[:TAG][@DIGEST], or oci:DIRECTORY[:TAG] for an image layout on disk.",
    };

    private RegistryCredential? ReadCredential(ParseResult parsed)
    {
        var user = parsed.GetValue(_user);
        if (!parsed.GetValue(_password))
        {
            return user is null
                ? null
                : throw CommandException.Usage("'--username' needs '--password-stdin': the password is read from standard input.");
        }

        if (user is null)
        {
            throw CommandException.Usage("'--password-stdin' needs '--username NAME'.");
        }

        using var reader = new StreamReader(_terminal.Input, leaveOpen: true);
        var password = reader.ReadLine();
        return string.IsNullOrEmpty(password)
            ? throw CommandException.Usage("There is no password on standard input.")
            : new RegistryCredential { User = user, Password = password };
    }
}
