using System.Diagnostics.CodeAnalysis;
using Larder.Cache.Fingerprints;

namespace Larder.Node.Protocols;

/// <summary>A path of Bazel's HTTP cache: <c>[/prefix]/ac/HASH</c> or <c>[/prefix]/cas/HASH</c>.</summary>
/// <param name="Instance">What stands before <c>/ac/</c> or <c>/cas/</c>, without the first slash; often empty.</param>
/// <param name="IsAction">Whether it names an action's result rather than content.</param>
/// <param name="Hash">The hash at the end.</param>
internal readonly record struct BazelPath(string Instance, bool IsAction, Fingerprint Hash)
{
    private const string ActionSegment = "/ac/";
    private const string ContentSegment = "/cas/";

    /// <summary>Takes a path apart; false when it is not one of these.</summary>
    public static bool TryParse(string path, out BazelPath parsed)
    {
        parsed = default;
        var hashStart = path.Length - Fingerprint.TextLength;
        if (hashStart < ActionSegment.Length || !Fingerprint.TryParse(path.AsSpan(hashStart), out var hash))
        {
            return false;
        }

        var before = path.AsSpan(0, hashStart);
        var isAction = before.EndsWith(ActionSegment, StringComparison.Ordinal);
        if (!isAction && !before.EndsWith(ContentSegment, StringComparison.Ordinal))
        {
            return false;
        }

        var instance = before[..^(isAction ? ActionSegment : ContentSegment).Length].TrimStart('/');
        parsed = new BazelPath(instance.IsEmpty ? string.Empty : instance.ToString(), isAction, hash);
        return true;
    }

    /// <summary>Whether the path has the shape of one of these but a malformed hash, so that 400 helps more than 404.</summary>
    public static bool HasShape(string path, [NotNullWhen(true)] out string? problem)
    {
        var slash = path.LastIndexOf('/');
        var before = slash < 0 ? default : path.AsSpan(0, slash + 1);
        var matches = before.EndsWith(ActionSegment, StringComparison.Ordinal)
            || before.EndsWith(ContentSegment, StringComparison.Ordinal);
        problem = matches ? $"After /ac/ and /cas/ comes the SHA-256 as {Fingerprint.TextLength} hexadecimal digits." : null;
        return matches;
    }
}
