using System.Text.Json;
using System.Text.Json.Serialization;

namespace Larder.Oci.Manifests;

/// <summary>Manifests, indexes and configurations as they are written. Nothing of it is trusted.</summary>
internal static class ManifestDocuments
{
    /// <summary>A manifest or an index: which of them is told by what is set.</summary>
    internal sealed record Document
    {
        public int SchemaVersion { get; init; }

        public string? MediaType { get; init; }

        public string? ArtifactType { get; init; }

        public Entry? Config { get; init; }

        public Entry[]? Layers { get; init; }

        public Entry[]? Manifests { get; init; }

        public Dictionary<string, string?>? Annotations { get; init; }

        /// <summary>Only in manifests of schema 1.</summary>
        public JsonElement? FsLayers { get; init; }
    }

    internal sealed record Entry
    {
        public string? MediaType { get; init; }

        public string? Digest { get; init; }

        public long? Size { get; init; }

        public PlatformEntry? Platform { get; init; }

        public string?[]? Urls { get; init; }

        public Dictionary<string, string?>? Annotations { get; init; }

        public string? ArtifactType { get; init; }
    }

    internal sealed record PlatformEntry
    {
        public string? Architecture { get; init; }

        public string? Os { get; init; }

        public string? Variant { get; init; }
    }

    internal sealed record Configuration
    {
        public string? Architecture { get; init; }

        public string? Os { get; init; }

        public string? Variant { get; init; }

        public string? Created { get; init; }

        public Run? Config { get; init; }

        [JsonPropertyName("rootfs")]
        public RootFileSystem? RootFs { get; init; }
    }

    /// <summary>How the image is started; the names are those of Docker's.</summary>
    internal sealed record Run
    {
        [JsonPropertyName("User")]
        public string? User { get; init; }

        [JsonPropertyName("Env")]
        public string?[]? Env { get; init; }

        [JsonPropertyName("Entrypoint")]
        public string?[]? Entrypoint { get; init; }

        [JsonPropertyName("Cmd")]
        public string?[]? Cmd { get; init; }

        [JsonPropertyName("WorkingDir")]
        public string? WorkingDir { get; init; }

        [JsonPropertyName("Labels")]
        public Dictionary<string, string?>? Labels { get; init; }
    }

    internal sealed record RootFileSystem
    {
        public string? Type { get; init; }

        [JsonPropertyName("diff_ids")]
        public string?[]? DiffIds { get; init; }
    }

    /// <summary>The file <c>oci-layout</c>.</summary>
    internal sealed record LayoutMark
    {
        public string? ImageLayoutVersion { get; init; }
    }
}
