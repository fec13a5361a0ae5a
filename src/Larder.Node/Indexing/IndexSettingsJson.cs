using System.Text.Json.Serialization;
using Larder.Indexer.Blocks;
using Larder.Node.Http;

namespace Larder.Node.Indexing;

/// <summary>The settings file of an index: camel case, defaults left out where they are null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(CamelCaseEnumConverter<BlockFormat>), typeof(CamelCaseEnumConverter<BlockEncoding>)],
    WriteIndented = true)]
[JsonSerializable(typeof(IndexSettings))]
internal sealed partial class IndexSettingsJson : JsonSerializerContext;
