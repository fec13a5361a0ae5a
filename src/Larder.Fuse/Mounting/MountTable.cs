using System.Globalization;
using System.Text;

namespace Larder.Fuse.Mounting;

/// <summary>The mounts of this process's namespace, read without touching any of them.</summary>
internal static class MountTable
{
    private const string Table = "/proc/self/mountinfo";

    /// <summary>The topmost mount on a directory; null when nothing is mounted there.</summary>
    internal static MountEntry? Find(string mountPoint)
    {
        MountEntry? found = null;
        foreach (var entry in Read())
        {
            if (entry.MountPoint == mountPoint)
            {
                found = entry;
            }
        }

        return found;
    }

    internal static IEnumerable<MountEntry> Read()
    {
        foreach (var line in File.ReadAllLines(Table))
        {
            if (Parse(line) is { } entry)
            {
                yield return entry;
            }
        }
    }

    /// <summary>Reads a line: id parent major:minor root mount-point options [tags] - type source super-options.</summary>
    internal static MountEntry? Parse(string line)
    {
        var fields = line.Split(' ');
        var dash = Array.IndexOf(fields, "-");
        if (dash < 6 || fields.Length < dash + 3)
        {
            return null;
        }

        var device = fields[2].Split(':');
        if (device.Length != 2
            || !int.TryParse(device[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            || !int.TryParse(device[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
        {
            return null;
        }

        return new MountEntry(Unescape(fields[4]), major, minor, fields[dash + 1], Unescape(fields[dash + 2]));
    }

    // Spaces, tabs, line ends and backslashes are written as a backslash and three octal digits.
    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] == '\\' && index + 3 < text.Length && text.AsSpan(index + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                plain.Append((char)(((text[index + 1] - '0') << 6) | ((text[index + 2] - '0') << 3) | (text[index + 3] - '0')));
                index += 3;
            }
            else
            {
                plain.Append(text[index]);
            }
        }

        return plain.ToString();
    }
}
