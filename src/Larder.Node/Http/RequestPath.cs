using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Larder.Node.Http;

/// <summary>
/// Takes the path out of a request target. Names are opaque to the node, so nothing is normalised: a path that would
/// mean something else to a file system or to another server is refused instead.
/// </summary>
internal static class RequestPath
{
    /// <summary>Longest path in characters.</summary>
    public const int MaxLength = 2048;

    private static readonly SearchValues<char> Refused = SearchValues.Create(
        "\\\u007f\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f"
        + "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f");

    /// <summary>
    /// Gives the path of <paramref name="target"/> with its percent signs decoded once; false when it is not a path
    /// that this node serves: control characters, backslashes, empty, <c>.</c> or <c>..</c> segments, a percent sign
    /// that remains after decoding, or too long.
    /// </summary>
    public static bool TryParse(string target, [NotNullWhen(true)] out string? path)
    {
        path = null;
        var start = StartOfPath(target);
        if (start < 0)
        {
            return false;
        }

        var end = target.AsSpan(start).IndexOfAny('?', '#');
        var length = end < 0 ? target.Length - start : end;
        var raw = start == 0 && length == target.Length ? target : target.Substring(start, length);
        if (raw.Contains('%', StringComparison.Ordinal))
        {
            raw = Uri.UnescapeDataString(raw);
            if (raw.Contains('%', StringComparison.Ordinal) || raw.Contains('\uFFFD', StringComparison.Ordinal))
            {
                return false;
            }
        }

        if (raw.Length > MaxLength || raw.AsSpan().ContainsAny(Refused) || HasOddSegment(raw))
        {
            return false;
        }

        path = raw;
        return true;
    }

    // The target of a request to a proxy is a whole URL; its path begins at the third slash.
    private static int StartOfPath(string target)
    {
        if (target.Length > 0 && target[0] == '/')
        {
            return 0;
        }

        var authority = target.IndexOf("://", StringComparison.Ordinal);
        return authority < 0 ? -1 : target.IndexOf('/', authority + 3);
    }

    private static bool HasOddSegment(string path)
    {
        // Almost every path has neither a double slash nor a segment that begins with a dot.
        if (!path.Contains("//", StringComparison.Ordinal) && !path.Contains("/.", StringComparison.Ordinal))
        {
            return false;
        }

        if (path.Contains("//", StringComparison.Ordinal))
        {
            return true;
        }

        foreach (var range in path.AsSpan().Split('/'))
        {
            if (path.AsSpan()[range] is "." or "..")
            {
                return true;
            }
        }

        return false;
    }
}
