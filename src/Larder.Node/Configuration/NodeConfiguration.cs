namespace Larder.Node.Configuration;

/// <summary>
/// A node's options, put together from defaults, a file, the environment and the command line, in that order, with the
/// origin of every value. Immutable.
/// </summary>
public sealed class NodeConfiguration
{
    private const string Variable = "LARDER_";

    private readonly Dictionary<string, (SettingOrigin Origin, string Source)> _origins;

    private NodeConfiguration(
        NodeOptions options, string? file, Dictionary<string, (SettingOrigin Origin, string Source)> origins)
    {
        Options = options;
        File = file;
        _origins = origins;
    }

    /// <summary>The options.</summary>
    public NodeOptions Options { get; }

    /// <summary>The configuration file that was read; null when there was none.</summary>
    public string? File { get; }

    /// <summary>Names, forms and help of all settings, for help texts and shell completion.</summary>
    public static IEnumerable<(string Name, string Form, string Help)> Known =>
        Settings.All.Select(static setting => (setting.Name, setting.Form, setting.Help));

    /// <summary>Reads the configuration.</summary>
    /// <exception cref="NodeException">
    /// Something is unknown or malformed. The message has one sentence, on its own line, for each thing.
    /// </exception>
    public static NodeConfiguration Load(ConfigurationSources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var reader = new ConfigurationReader(new NodeOptions
        {
            DataDirectory = NodeOptions.DefaultDataDirectory(name => sources.Environment.GetValueOrDefault(name)),
        });
        var file = sources.File ?? DefaultFile(sources.Environment);
        if (file is not null)
        {
            foreach (var (name, value) in ConfigurationFile.Read(file, reader.Problems))
            {
                reader.Take(name, value, SettingOrigin.File, file);
            }
        }

        TakeEnvironment(reader, sources.Environment);
        foreach (var (name, value) in sources.Flags)
        {
            reader.Take(name, value, SettingOrigin.Flag, "--" + name);
        }

        return new NodeConfiguration(reader.Finish(), file, reader.Origins);
    }

    /// <summary>Every setting with its value, origin and help, secrets replaced by stars.</summary>
    public IReadOnlyList<ConfiguredSetting> Describe()
    {
        var rows = new List<ConfiguredSetting>();
        foreach (var setting in Settings.All)
        {
            var (origin, source) = _origins.GetValueOrDefault(setting.Name);
            rows.Add(new ConfiguredSetting(setting.Name, setting.Show(Options), origin, source, setting.Help));
        }

        foreach (var (name, value) in KindSettings.Show(Options))
        {
            var (origin, source) = _origins.GetValueOrDefault(name);
            rows.Add(new ConfiguredSetting(name, value, origin, source, "How artifacts of this kind are treated."));
        }

        foreach (var (name, value) in IndexSettingsGroup.Show(Options))
        {
            var (origin, source) = _origins.GetValueOrDefault(name);
            rows.Add(new ConfiguredSetting(name, value, origin, source, "An index of blocks."));
        }

        return rows;
    }

    private static string? DefaultFile(IReadOnlyDictionary<string, string> environment)
    {
        var root = environment.GetValueOrDefault("XDG_CONFIG_HOME") is { Length: > 0 } set && Path.IsPathRooted(set) ? set
            : environment.GetValueOrDefault("HOME") is { Length: > 0 } home ? Path.Combine(home, ".config")
            : null;
        var file = root is null ? null : Path.Combine(root, "larder", "larder.json");
        return System.IO.File.Exists(file) ? file : null;
    }

    private static void TakeEnvironment(ConfigurationReader reader, IReadOnlyDictionary<string, string> environment)
    {
        OtherNames.Take(reader, environment);

        foreach (var (variable, value) in environment.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            if (!variable.StartsWith(Variable, StringComparison.Ordinal))
            {
                continue;
            }

            // Others put variables there too: a cluster describes a service named "larder" as LARDER_SERVICE_HOST and so
            // on. Only what is nested the way settings are can be a mistake of ours.
            var name = variable[Variable.Length..].Replace("__", ".", StringComparison.Ordinal).ToLowerInvariant();
            if (name.Contains('.', StringComparison.Ordinal) || ConfigurationReader.IsTopLevel(name))
            {
                reader.Take(name, value, SettingOrigin.Environment, variable);
            }
        }
    }
}
