using Larder.Node.Handlers;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Mounts;

/// <summary>Decides where clients may have something mounted: in directories below one root, with no link on the way.</summary>
internal static class MountPaths
{
    private const int MaxLength = 1024;

    /// <summary>The path in full, when something may be mounted there.</summary>
    /// <param name="root">The directory of the settings.</param>
    /// <param name="path">What the client sent: absolute, or from the root.</param>
    /// <exception cref="ApiException">Nothing may; the message says why.</exception>
    public static string Check(string root, string path)
    {
        if (path.Length is 0 or > MaxLength || path.Any(char.IsControl))
        {
            throw ApiException.BadRequest($"'path' must be a path of at most {MaxLength} characters.");
        }

        var asked = Path.TrimEndingDirectorySeparator(Path.Combine(root, path));
        var full = Path.GetFullPath(asked);
        if (full != asked || !full.StartsWith(root + "/", StringComparison.Ordinal))
        {
            throw Refuse($"'{path}' is not below {root}, where the setting mounts.root has mounts made; it must be written without '.' and '..'.");
        }

        for (var part = full; part.Length >= root.Length; part = Path.GetDirectoryName(part)!)
        {
            // Looks at the link itself. What a dead mount is on cannot be looked at, and is no link.
            var info = new FileInfo(part);
            if (info.LinkTarget is not null)
            {
                throw Refuse($"'{part}' is a symbolic link; nothing is mounted below one.");
            }

            if (info.Exists && (info.Attributes & FileAttributes.Directory) == 0)
            {
                throw Refuse($"'{part}' is no directory.");
            }
        }

        return full;
    }

    private static ApiException Refuse(string message) => new(StatusCodes.Status403Forbidden, "PATH_NOT_ALLOWED", message);
}
