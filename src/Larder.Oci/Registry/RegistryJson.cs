using System.Text.Json.Serialization;

namespace Larder.Oci.Registry;

/// <summary>Reads <see cref="RegistryDocuments"/>.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 16)]
[JsonSerializable(typeof(RegistryDocuments.DockerConfig))]
[JsonSerializable(typeof(RegistryDocuments.HelperAnswer))]
[JsonSerializable(typeof(RegistryDocuments.TokenAnswer))]
[JsonSerializable(typeof(RegistryDocuments.ErrorAnswer))]
internal sealed partial class RegistryJson : JsonSerializerContext;
