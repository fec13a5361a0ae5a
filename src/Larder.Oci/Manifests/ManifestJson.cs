using System.Text.Json.Serialization;

namespace Larder.Oci.Manifests;

/// <summary>Reads <see cref="ManifestDocuments"/>.</summary>
/// <remarks>Names are compared exactly and must not come twice, so that nobody reads another image out of the same bytes.</remarks>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    MaxDepth = ManifestLimits.MaxDepth)]
[JsonSerializable(typeof(ManifestDocuments.Document))]
[JsonSerializable(typeof(ManifestDocuments.Configuration))]
[JsonSerializable(typeof(ManifestDocuments.LayoutMark))]
internal sealed partial class ManifestJson : JsonSerializerContext;
