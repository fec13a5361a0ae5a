using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text;
using Larder.Fuse;
using Larder.Oci.Mounting;

namespace Larder.Cli.Images;

/// <summary>
/// What is known of this user's mounts: a file for each, written by the process that serves it. The kernel's table is the
/// truth; a file without a mount is left over from a process that was killed, and removed when it is met.
/// </summary>
internal sealed class MountRegistry(Terminal terminal)
{
    // The kernel's limit is 107, and a process id with its dot follows.
    private const int LongestSocketBytes = 96;

    private readonly string _directory = Path.Combine(RuntimeDirectory(terminal), "mounts");

    /// <summary>The mounts that there are, with what their processes say of them.</summary>
    public IReadOnlyList<MountStatus> List()
    {
        var known = Read();
        var mounted = FuseMounts.List().Select(static mount => mount.MountPoint).ToHashSet(StringComparer.Ordinal);
        var living = new List<MountStatus>();
        foreach (var status in known)
        {
            if (mounted.Contains(status.LowerMountPoint ?? status.MountPoint))
            {
                living.Add(status);
            }
            else if (!IsAlive(status.ProcessId))
            {
                File.Delete(PathOf(status.MountPoint));
            }
        }

        return [.. living.OrderBy(static status => status.MountPoint, StringComparer.Ordinal)];
    }

    /// <summary>What is known of a mount; null when nothing is.</summary>
    public MountStatus? Find(string mountPoint) => ReadFile(PathOf(mountPoint));

    /// <summary>Writes a mount down. Renamed into place, so that nobody reads half of it.</summary>
    public void Write(MountStatus status)
    {
        MakeDirectory();
        var aside = $"{PathOf(status.MountPoint)}.{Environment.ProcessId}.part";
        File.WriteAllBytes(aside, JsonSerializer.SerializeToUtf8Bytes(status, ImageJson.Default.MountStatus));
        File.Move(aside, PathOf(status.MountPoint), overwrite: true);
    }

    /// <summary>Forgets a mount of this process, unless another has been made in its place.</summary>
    public void Remove(string mountPoint)
    {
        if (Find(mountPoint) is not { } status || status.ProcessId == Environment.ProcessId)
        {
            File.Delete(PathOf(mountPoint));
        }
    }

    /// <summary>Where the process of a mount writes what it has to say.</summary>
    public string LogOf(string mountPoint)
    {
        MakeDirectory();
        return Path.ChangeExtension(PathOf(mountPoint), ".log");
    }

    /// <summary>Where the keeper of a mount listens; followed by a dot and the keeper's process id.</summary>
    public string SocketOf(string mountPoint)
    {
        MakeDirectory();
        var path = Path.ChangeExtension(PathOf(mountPoint), ".socket");
        return Encoding.UTF8.GetByteCount(path) <= LongestSocketBytes
            ? path
            : Path.Combine(Path.GetTempPath(), $"larder-keeper-{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
    }

    /// <summary>Removes the sockets of keepers that were killed.</summary>
    public void RemoveSockets()
    {
        if (!Directory.Exists(_directory))
        {
            return;
        }

        foreach (var path in Directory.EnumerateFiles(_directory, "*.socket.*"))
        {
            if (!int.TryParse(Path.GetExtension(path.AsSpan())[1..], CultureInfo.InvariantCulture, out var keeper) || !IsAlive(keeper))
            {
                File.Delete(path);
            }
        }
    }

    private static string RuntimeDirectory(Terminal terminal) =>
        terminal.Variable("XDG_RUNTIME_DIR") is { } given && Path.IsPathRooted(given) && Directory.Exists(given) ? Path.Combine(given, "larder")
        : Environment.UserName == "root" ? "/run/larder"
        : Path.Combine(Path.GetTempPath(), $"larder-{Environment.UserName}");

    // What is mounted, and where, is nobody else's business.
    private void MakeDirectory()
    {
        if (OperatingSystem.IsLinux())
        {
            Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    // A process that has ended stays in the table until its parent, which may be busy, has taken note of it.
    private static bool IsAlive(int processId)
    {
        try
        {
            // The state comes behind the name in parentheses, which may hold any letters.
            var status = File.ReadAllText($"/proc/{processId}/stat");
            return status.AsSpan(status.LastIndexOf(')') + 1).TrimStart() is not ['Z' or 'X', ..];
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static MountStatus? ReadFile(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ImageJson.Default.MountStatus);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private List<MountStatus> Read() => Directory.Exists(_directory)
        ? [.. Directory.EnumerateFiles(_directory, "*.json").Select(ReadFile).OfType<MountStatus>()]
        : [];

    private string PathOf(string mountPoint) =>
        Path.Combine(_directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(mountPoint)).AsSpan(0, 8)) + ".json");
}
