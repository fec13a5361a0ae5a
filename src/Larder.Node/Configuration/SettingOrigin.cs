namespace Larder.Node.Configuration;

/// <summary>Where a setting's value came from, from the weakest to the strongest.</summary>
public enum SettingOrigin
{
    /// <summary>Nobody said anything.</summary>
    Default,

    /// <summary>The configuration file.</summary>
    File,

    /// <summary>An environment variable.</summary>
    Environment,

    /// <summary>The command line.</summary>
    Flag,
}
