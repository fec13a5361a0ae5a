using System.CommandLine;
using Larder.Cli.Images;
using Larder.Node;

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

    private ImageOptions(Terminal terminal) => _terminal = terminal;

    /// <summary>Adds the options to a command.</summary>
    public static ImageOptions AddTo(Command command, Terminal terminal)
    {
        var options = new ImageOptions(terminal);
        foreach (var option in (Option[])[options._cache, options._capacity, options._remote, options._platform, options._plainHttp])
        {
            command.Options.Add(option);
        }

        return options;
    }

    /// <summary>What a command line says.</summary>
    public ImageSettings Read(ParseResult parsed) => new()
    {
        CacheDirectory = Path.GetFullPath(parsed.GetValue(_cache) ?? NodeOptions.DefaultDataDirectory(_terminal.Variable) + "-images"),
        CapacityBytes = parsed.GetValue(_capacity),
        Remote = parsed.GetValue(_remote) ?? _terminal.Variable("LARDER_IMAGE_REMOTE"),
        Platform = parsed.GetValue(_platform),
        PlainHttp = parsed.GetValue(_plainHttp),
    };

    /// <summary>The argument that names an image.</summary>
    public static Argument<string> Reference() => new("image")
    {
        Description = "[REGISTRY/]REPOSITORY[:TAG][@DIGEST], or oci:DIRECTORY[:TAG] for an image layout on disk.",
    };
}
