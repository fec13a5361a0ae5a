using System.Text.Json;
using Larder.EndToEnd.Harness;

namespace Larder.EndToEnd.Images.Harness;

/// <summary>
/// Compares a mounted image with a tree that umoci unpacked, by two judges of different makers: a list of everything that
/// <c>lstat</c>, <c>readlink</c>, <c>listxattr</c> and reading show, and rsync.
/// </summary>
internal sealed class TreeJudge
{
    private static readonly string Script = Path.Combine(
        BuiltTool.Root, "tests", "Larder.EndToEnd", "Images", "Harness", "tree-manifest.py");

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    private readonly string _reference;
    private readonly Dictionary<string, (long Modified, string Shown)> _expected;
    private readonly long _unpackedAt;

    private TreeJudge(string reference, Dictionary<string, (long Modified, string Shown)> expected, long unpackedAt) =>
        (_reference, _expected, _unpackedAt) = (reference, expected, unpackedAt);

    /// <summary>Unpacks an image of a layout with umoci and lists what came of it.</summary>
    /// <param name="image">Directory and name.</param>
    /// <param name="bundle">Where to.</param>
    public static async Task<TreeJudge> UnpackAsync(string image, string bundle)
    {
        Tools.Require("umoci", "rsync", "python3");

        // What no layer gives a time has that of the unpacking.
        var began = DateTimeOffset.UtcNow.AddSeconds(-1).ToUnixTimeMilliseconds() * 1_000_000;
        var root = await AppImage.UnpackAsync(image, bundle);
        return new TreeJudge(root, await ListAsync(root), began);
    }

    /// <summary>Paths of the reference.</summary>
    public int Count => _expected.Count;

    /// <summary>Asserts that both judges find no difference.</summary>
    public async Task AssertEqualAsync(string mountPoint)
    {
        Assert.Equal(string.Empty, string.Join('\n', Differences(await ListAsync(mountPoint)).Take(20)));

        // Times of directories that no layer lists are those of the unpacking; the first judge looks at the others.
        var rsync = await ProgramRun.OfAsync(new ProgramStart(
            "rsync", "-naHAXcO", "--numeric-ids", "-i", "--delete", _reference + "/", mountPoint + "/")
        {
            Timeout = Patience,
        });
        Assert.Equal(string.Empty, rsync.Succeeded().Text);
    }

    private static async Task<Dictionary<string, (long Modified, string Shown)>> ListAsync(string root)
    {
        var run = await ProgramRun.OfAsync(new ProgramStart("python3", Script, root) { Timeout = Patience });
        var listed = new Dictionary<string, (long Modified, string Shown)>(StringComparer.Ordinal);
        foreach (var line in run.Succeeded().Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var document = JsonDocument.Parse(line);
            var row = document.RootElement;
            listed.Add(
                row.GetProperty("path").GetString()!, // Not null: the script writes all three.
                (long.Parse(row.GetProperty("mtime").GetString()!, System.Globalization.CultureInfo.InvariantCulture), row.GetProperty("rest").GetString()!));
        }

        return listed;
    }

    private IEnumerable<string> Differences(Dictionary<string, (long Modified, string Shown)> actual)
    {
        foreach (var (path, expected) in _expected)
        {
            if (!actual.TryGetValue(path, out var found))
            {
                yield return $"missing: {path}";
            }
            else if (found.Shown != expected.Shown)
            {
                yield return $"differs: {path}\n  expected {expected.Shown}\n  actual   {found.Shown}";
            }
            else if (found.Modified != expected.Modified && expected.Modified < _unpackedAt)
            {
                yield return $"time differs: {path}: expected {expected.Modified}, actual {found.Modified}";
            }
        }

        foreach (var path in actual.Keys.Where(path => !_expected.ContainsKey(path)))
        {
            yield return $"too much: {path}";
        }
    }
}
