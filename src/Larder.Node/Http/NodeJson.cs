using System.Text.Json.Serialization;

namespace Larder.Node.Http;

/// <summary>The JSON forms of the node's own API; camel case, nulls left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(Protocols.NotStoredBody))]
internal sealed partial class NodeJson : JsonSerializerContext;
