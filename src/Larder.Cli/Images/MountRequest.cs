using System.Text;
using System.Text.Json;

namespace Larder.Cli.Images;

/// <summary>What <c>larder mount</c> was told, for the processes that keep and serve the mount.</summary>
internal sealed record MountRequest
{
    /// <summary>The image.</summary>
    public required string Reference { get; init; }

    /// <summary>Where it is to be seen, as the kernel's table has it.</summary>
    public required string MountPoint { get; init; }

    /// <summary>Where layers are kept, and how the image is got.</summary>
    public required ImageSettings Settings { get; init; }

    /// <summary>Whether the kernel may read large files by itself.</summary>
    public bool Passthrough { get; init; } = true;

    /// <summary>A directory that takes changes; null for a view that cannot be changed.</summary>
    public string? WritableDirectory { get; init; }

    /// <summary>The name that the files that are used are noted under; null when they are not.</summary>
    public string? Record { get; init; }

    /// <summary>How long a read waits for bytes that cannot be had.</summary>
    public TimeSpan ReadDeadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether progress is told as JSON lines on standard output.</summary>
    public bool ReportsLines { get; init; }

    /// <summary>Where the FUSE mount is: under the writable view, or where it is to be seen.</summary>
    public string LowerMountPoint => WritableDirectory is null ? MountPoint : Path.Combine(WritableDirectory, "image");

    /// <summary>The request as one argument of a command line.</summary>
    /// <remarks>
    /// JSON, written and read member by member: what the serializer needs for that would have to be compiled at every start of the
    /// two processes that a mount waits for.
    /// </remarks>
    public string Encode()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString(Names.Reference, Reference);
            json.WriteString(Names.MountPoint, MountPoint);
            json.WriteBoolean(Names.Passthrough, Passthrough);
            json.WriteString(Names.WritableDirectory, WritableDirectory);
            json.WriteString(Names.Record, Record);
            json.WriteNumber(Names.ReadDeadline, ReadDeadline.Ticks);
            json.WriteBoolean(Names.ReportsLines, ReportsLines);
            json.WriteString(Names.CacheDirectory, Settings.CacheDirectory);
            json.WriteBoolean(Names.SharesCache, Settings.SharesCache);
            json.WriteNumber(Names.CapacityBytes, Settings.CapacityBytes);
            json.WriteString(Names.Remote, Settings.Remote);
            json.WriteString(Names.Platform, Settings.Platform);
            json.WriteBoolean(Names.PlainHttp, Settings.PlainHttp);
            json.WriteString(Names.CaFile, Settings.CaFile);
            json.WriteStartArray(Names.Mirrors);
            foreach (var mirror in Settings.Mirrors)
            {
                json.WriteStringValue(mirror);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="CommandException">It is something else.</exception>
    public static MountRequest Decode(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var json = document.RootElement;
            return new MountRequest
            {
                Reference = json.GetProperty(Names.Reference).GetString()!, // Not null: written from what is not.
                MountPoint = json.GetProperty(Names.MountPoint).GetString()!, // Not null: likewise.
                Passthrough = json.GetProperty(Names.Passthrough).GetBoolean(),
                WritableDirectory = json.GetProperty(Names.WritableDirectory).GetString(),
                Record = json.GetProperty(Names.Record).GetString(),
                ReadDeadline = TimeSpan.FromTicks(json.GetProperty(Names.ReadDeadline).GetInt64()),
                ReportsLines = json.GetProperty(Names.ReportsLines).GetBoolean(),
                Settings = new ImageSettings
                {
                    CacheDirectory = json.GetProperty(Names.CacheDirectory).GetString()!, // Not null: likewise.
                    SharesCache = json.GetProperty(Names.SharesCache).GetBoolean(),
                    CapacityBytes = json.GetProperty(Names.CapacityBytes).GetInt64(),
                    Remote = json.GetProperty(Names.Remote).GetString(),
                    Platform = json.GetProperty(Names.Platform).GetString(),
                    PlainHttp = json.GetProperty(Names.PlainHttp).GetBoolean(),
                    CaFile = json.GetProperty(Names.CaFile).GetString(),
                    Mirrors = ReadMirrors(json.GetProperty(Names.Mirrors)),
                },
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw CommandException.Usage("The request for a mount is malformed.");
        }
    }

    private static string[] ReadMirrors(JsonElement json)
    {
        var mirrors = new string[json.GetArrayLength()];
        for (var i = 0; i < mirrors.Length; i++)
        {
            mirrors[i] = json[i].GetString()!; // Not null: likewise.
        }

        return mirrors;
    }

    private static class Names
    {
        public const string Reference = "reference";
        public const string MountPoint = "mountPoint";
        public const string Passthrough = "passthrough";
        public const string WritableDirectory = "writableDirectory";
        public const string Record = "record";
        public const string ReadDeadline = "readDeadlineTicks";
        public const string ReportsLines = "reportsLines";
        public const string CacheDirectory = "cacheDirectory";
        public const string SharesCache = "sharesCache";
        public const string CapacityBytes = "capacityBytes";
        public const string Remote = "remote";
        public const string Platform = "platform";
        public const string PlainHttp = "plainHttp";
        public const string CaFile = "caFile";
        public const string Mirrors = "mirrors";
    }
}
