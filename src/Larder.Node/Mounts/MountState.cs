using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Larder.Node.Mounts;

/// <summary>The file in the data directory that remembers which mounts the node is to hold.</summary>
internal sealed class MountState(string dataDirectory, ILogger logger)
{
    // A file that begins with a dot is no kind of artifact.
    private readonly string _file = Path.Combine(dataDirectory, ".mounts.json");

    /// <summary>What was written last; nothing when there is no file or it cannot be read.</summary>
    public IReadOnlyList<MountOrder> Read()
    {
        try
        {
            return File.Exists(_file) ? JsonSerializer.Deserialize(File.ReadAllBytes(_file), MountJson.Default.MountOrderArray) ?? [] : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            MountLog.Unreadable(logger, _file, exception.Message);
            return [];
        }
    }

    /// <summary>Writes the mounts down: wholly, or not at all. For one caller at a time.</summary>
    public void Write(IEnumerable<MountOrder> orders)
    {
        var aside = _file + ".part";
        using (var stream = new FileStream(aside, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(stream, [.. orders], MountJson.Default.MountOrderArray);
            stream.Flush(flushToDisk: true);
        }

        File.Move(aside, _file, overwrite: true);
    }
}
