using System.Reflection;

namespace Larder.Cli;

/// <summary>The version that this command was built as.</summary>
internal static class BuiltVersion
{
    /// <summary>Version without the commit that the SDK adds to it.</summary>
    public static string Text { get; } =
        typeof(BuiltVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? "unknown";
}
