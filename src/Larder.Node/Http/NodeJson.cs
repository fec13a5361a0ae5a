using System.Text.Json.Serialization;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Node.Maintenance;
using Larder.Node.Protocols;
using Larder.Node.Sizing;

namespace Larder.Node.Http;

/// <summary>The JSON forms of the node's own API; camel case, nulls left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [
        typeof(CamelCaseEnumConverter<MissReason>), typeof(CamelCaseEnumConverter<RecipeChange>), typeof(CamelCaseEnumConverter<TierKind>),
    ])]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(FlushBody))]
[JsonSerializable(typeof(ListPage))]
[JsonSerializable(typeof(MissExplanation))]
[JsonSerializable(typeof(NotStoredBody))]
[JsonSerializable(typeof(PurgeBody))]
[JsonSerializable(typeof(Recipe))]
[JsonSerializable(typeof(ScrubLine))]
[JsonSerializable(typeof(SizingPlan))]
[JsonSerializable(typeof(VerifyBody))]
internal sealed partial class NodeJson : JsonSerializerContext;
