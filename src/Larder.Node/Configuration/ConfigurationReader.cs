using System.Collections.Frozen;

namespace Larder.Node.Configuration;

/// <summary>Collects settings one after another; later ones win. For one caller.</summary>
internal sealed class ConfigurationReader
{
    private static readonly FrozenDictionary<string, Setting> ByName =
        Settings.All.ToFrozenDictionary(static setting => Setting.Normalize(setting.Name), StringComparer.Ordinal);

    // A flag may name a group with a hyphen: --memory-capacity is memory.capacity.
    private static readonly FrozenDictionary<string, Setting> ByFlatName =
        Settings.All.ToFrozenDictionary(
            static setting => Setting.Normalize(setting.Name).Replace(".", string.Empty, StringComparison.Ordinal),
            StringComparer.Ordinal);

    private NodeOptions _options;

    public ConfigurationReader(NodeOptions defaults) => _options = defaults;

    /// <summary>Sentences on what was wrong.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>Where each setting that was made came from, by canonical name.</summary>
    public Dictionary<string, (SettingOrigin Origin, string Source)> Origins { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether there is a setting of this name outside every group.</summary>
    public static bool IsTopLevel(string name) => ByName.ContainsKey(Setting.Normalize(name));

    /// <summary>Takes a setting over, or adds a sentence to <see cref="Problems"/>.</summary>
    public void Take(string name, string value, SettingOrigin origin, string source)
    {
        if (name.StartsWith(KindSettings.Group, StringComparison.OrdinalIgnoreCase))
        {
            TakeKind(name, value, origin, source);
            return;
        }

        if (name.StartsWith(IndexSettingsGroup.Group, StringComparison.OrdinalIgnoreCase))
        {
            TakeIndex(name, value, origin, source);
            return;
        }

        if (Find(name, origin) is not { } setting)
        {
            Problems.Add($"{source}: there is no setting '{name}'{Suggest(name)}");
            return;
        }

        if (setting.Apply(_options, value) is { } changed)
        {
            _options = changed;
            Origins[setting.Name] = (origin, source);
        }
        else
        {
            // A token's text is a secret even when it is malformed.
            var isSecret = setting.IsSecret || setting.Name.Contains("token", StringComparison.Ordinal);
            var shown = isSecret ? string.Empty : $"; it is '{value}'";
            Problems.Add($"{source}: {setting.Name} must be {setting.Form}{shown}.");
        }
    }

    /// <summary>Returns the options.</summary>
    /// <exception cref="NodeException">There were problems; the message has one line for each.</exception>
    public NodeOptions Finish()
    {
        if (_options.TokensFile is { } file)
        {
            _options = _options with { Tokens = [.. _options.Tokens, .. TokenList.ReadFile(file, Problems)] };
        }

        return Problems.Count == 0
            ? _options
            : throw new NodeException(NodeErrorKind.Configuration, string.Join(Environment.NewLine, Problems));
    }

    private static Setting? Find(string name, SettingOrigin origin)
    {
        var normal = Setting.Normalize(name);
        return ByName.GetValueOrDefault(normal)
            ?? (origin == SettingOrigin.Flag ? ByFlatName.GetValueOrDefault(normal) : null);
    }

    // The setting that shares the longest beginning with what was written, when that is more than a letter or two.
    private static string Suggest(string name)
    {
        var normal = Setting.Normalize(name);
        var best = Settings.All.MaxBy(setting => Shared(setting.Name, normal))!; // Not null: the table is not empty.
        return Shared(best.Name, normal) >= 3 ? $"; did you mean '{best.Name}'?" : ".";
    }

    private static int Shared(string known, string normal) => Setting.Normalize(known).AsSpan().CommonPrefixLength(normal);

    private void TakeIndex(string name, string value, SettingOrigin origin, string source)
    {
        _options = IndexSettingsGroup.Apply(_options, name, value, out var problem);
        if (problem is not null)
        {
            Problems.Add($"{source}: {problem}");
            return;
        }

        Origins[name[..name.LastIndexOf('.')].ToLowerInvariant()] = (origin, source);
    }

    private void TakeKind(string name, string value, SettingOrigin origin, string source)
    {
        _options = KindSettings.Apply(_options, name.ToLowerInvariant(), value, out var problem);
        if (problem is not null)
        {
            Problems.Add($"{source}: {problem}");
            return;
        }

        Origins[name[..name.LastIndexOf('.')].Replace('_', '-').ToLowerInvariant()] = (origin, source);
    }
}
