namespace Larder.Node.Configuration;

/// <summary>Where a configuration is read from.</summary>
public sealed record ConfigurationSources
{
    /// <summary>
    /// The file to read, which then must exist; null for <c>larder.json</c> in <c>$XDG_CONFIG_HOME/larder</c> or
    /// <c>~/.config/larder</c>, which need not.
    /// </summary>
    public string? File { get; init; }

    /// <summary>Environment variables by name.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// What the command line said: setting names, such as <c>memory.capacity</c> or <c>memory-capacity</c>, to values.
    /// </summary>
    public IReadOnlyDictionary<string, string> Flags { get; init; } = new Dictionary<string, string>();

    /// <summary>The environment of this process.</summary>
    public static IReadOnlyDictionary<string, string> ProcessEnvironment()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            variables[(string)variable.Key] = (string?)variable.Value ?? string.Empty;
        }

        return variables;
    }
}
