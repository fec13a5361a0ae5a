using Larder.Cache.Artifacts;

namespace Larder.Node.Dashboard;

/// <summary>The names of enumeration members as the HTTP API spells them: camelCase, made once.</summary>
internal static class Names
{
    private static readonly string[] Tiers = All<TierKind>();
    private static readonly string[] Reasons = All<RemovalReason>();

    public static string Of(TierKind tier) => (int)tier < Tiers.Length ? Tiers[(int)tier] : "unknown";

    public static string Of(RemovalReason reason) => (int)reason < Reasons.Length ? Reasons[(int)reason] : "unknown";

    /// <summary>Makes the first letter small.</summary>
    public static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static string[] All<TEnum>()
        where TEnum : struct, Enum =>
        [.. Enum.GetNames<TEnum>().Select(Camel)];
}
