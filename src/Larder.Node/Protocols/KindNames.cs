using System.Collections.Concurrent;
using Larder.Cache.Artifacts;

namespace Larder.Node.Protocols;

/// <summary>Turns the kind in a path into a string without making a new one each time. Safe for many threads.</summary>
internal static class KindNames
{
    // Names come from outside; past this many, further ones are made anew each time.
    private const int MaxNames = 1024;

    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> ByCharacters =
        Known.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The name as a string; not yet checked to be a kind.</summary>
    public static string Get(ReadOnlySpan<char> name)
    {
        if (ByCharacters.TryGetValue(name, out var known))
        {
            return known;
        }

        var made = name.Length > ArtifactKind.MaxLength ? string.Empty : name.ToString();
        if (ArtifactKind.TryParse(made, out _) && Known.Count < MaxNames)
        {
            Known.TryAdd(made, made);
        }

        return made;
    }
}
