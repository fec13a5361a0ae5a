using System.Text.Json.Serialization;
using System.Text.Json;
using Larder.Oci.Mounting;
using Larder.Oci.Sources;

namespace Larder.Cli.Images;

/// <summary>The JSON of the commands of images, and of what the processes of mounts tell each other.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MountStatus))]
[JsonSerializable(typeof(MountStatus[]))]
[JsonSerializable(typeof(TreeLine))]
[JsonSerializable(typeof(PrefetchReport))]
[JsonSerializable(typeof(PullReport))]
[JsonSerializable(typeof(PullReport.Layer[]))]
[JsonSerializable(typeof(TagPin[]))]
internal sealed partial class ImageJson : JsonSerializerContext
{
    /// <summary>The same, for people.</summary>
    public static ImageJson Indented { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
    });
}
