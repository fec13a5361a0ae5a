using System.CommandLine;
using Larder.Node;
using Larder.Node.Configuration;

namespace Larder.Cli.Commands;

/// <summary>
/// One option for every setting of a node, so that whatever the file and the environment can say, the command line can
/// say as well.
/// </summary>
internal sealed class SettingOptions
{
    // The settings that one reaches for first, without their groups.
    private static readonly Dictionary<string, string> ShortNames = new(StringComparer.Ordinal)
    {
        ["auth.tokens"] = "--token",
        ["auth.tokens-file"] = "--tokens-file",
        ["memory.capacity"] = "--memory",
        ["disk.capacity"] = "--disk",
        ["upstream.url"] = "--upstream",
        ["log.level"] = "--log",
    };

    private readonly Terminal _terminal;
    private readonly Dictionary<string, Option<string?>> _options = new(StringComparer.Ordinal);

    private readonly Option<string?> _config = new("--config")
    {
        Description = "The configuration file, JSON with comments. Default: larder/larder.json in the user's configuration directory.",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Any setting by its name, such as --set kinds.bazel-cas.memory=false; repeat it.",
        HelpName = "NAME=VALUE",
        DefaultValueFactory = static _ => [],
    };

    private SettingOptions(Terminal terminal) => _terminal = terminal;

    /// <summary>Adds the options to a command.</summary>
    public static SettingOptions AddTo(Command command, Terminal terminal)
    {
        var options = new SettingOptions(terminal);
        command.Options.Add(options._config);
        foreach (var (name, form, help) in NodeConfiguration.Known)
        {
            var flag = "--" + name.Replace('.', '-');
            var option = new Option<string?>(flag) { Description = $"{help.TrimEnd('.')}: {form}.", HelpName = "VALUE" };
            if (ShortNames.TryGetValue(name, out var shortName))
            {
                option.Aliases.Add(shortName);
            }

            options._options.Add(name, option);
            command.Options.Add(option);
        }

        command.Options.Add(options._set);
        return options;
    }

    /// <summary>Reads file, environment and command line.</summary>
    /// <exception cref="CommandException">A setting is unknown or malformed.</exception>
    public NodeConfiguration Load(ParseResult parsed)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, option) in _options)
        {
            if (parsed.GetValue(option) is { } value)
            {
                flags[name] = name == "data" ? Path.GetFullPath(value) : value;
            }
        }

        foreach (var pair in parsed.GetValue(_set) ?? [])
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw CommandException.Usage($"'--set {pair}' is malformed: write --set NAME=VALUE; 'larder config' lists the names.");
            }

            flags[pair[..equals]] = pair[(equals + 1)..];
        }

        return Load(_terminal, parsed.GetValue(_config), flags);
    }

    /// <summary>Reads file, environment and the given flags.</summary>
    /// <exception cref="CommandException">A setting is unknown or malformed.</exception>
    public static NodeConfiguration Load(Terminal terminal, string? file, IReadOnlyDictionary<string, string> flags)
    {
        try
        {
            return NodeConfiguration.Load(new ConfigurationSources { File = file, Environment = terminal.Environment, Flags = flags });
        }
        catch (NodeException e)
        {
            throw new CommandException(ExitCodes.Usage, e.Message, e);
        }
    }
}
