using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Larder.Cache.Artifacts;

/// <summary>
/// The family of an artifact, such as <c>handler</c>, <c>layer</c> or <c>bazel-cas</c>. Limits, tiers and statistics
/// are per kind.
/// </summary>
/// <remarks>
/// A name has 1 to 48 characters out of <c>a-z 0-9 - _ .</c> and begins with a letter or digit, so that it is a safe
/// directory name, URL segment and metric label everywhere.
/// </remarks>
public readonly record struct ArtifactKind
{
    /// <summary>Longest name, in characters.</summary>
    public const int MaxLength = 48;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    private readonly string? _name;

    private ArtifactKind(string name) => _name = name;

    /// <summary>The name; empty for the default value, which is no kind.</summary>
    public string Name => _name ?? string.Empty;

    /// <summary>Takes a kind from its name.</summary>
    /// <exception cref="FormatException">The name breaks the rules of <see cref="ArtifactKind"/>.</exception>
    public static ArtifactKind Parse(string name) =>
        TryParse(name, out var kind)
            ? kind
            : throw new FormatException(
                $"'{name}' is not a kind: 1 to {MaxLength} characters of a-z, 0-9, '-', '_', '.', beginning with a letter or digit.");

    /// <summary>Takes a kind from its name; false when the name breaks the rules.</summary>
    public static bool TryParse([NotNullWhen(true)] string? name, out ArtifactKind kind)
    {
        if (name is { Length: > 0 and <= MaxLength }
            && char.IsAsciiLetterOrDigit(name[0])
            && !name.AsSpan().ContainsAnyExcept(Allowed))
        {
            kind = new ArtifactKind(string.IsInterned(name) ?? name);
            return true;
        }

        kind = default;
        return false;
    }

    /// <summary>Returns the name.</summary>
    public override string ToString() => Name;
}
