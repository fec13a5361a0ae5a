using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Larder.Cache.Artifacts;
using Larder.Cache.Fingerprints;
using Larder.Cli.Commands;
using Larder.Cli.Stores;
using Larder.Cli.Wasm;
using Larder.Node.Configuration;
using Larder.Node.Sizing;

namespace Larder.Cli;

/// <summary>The JSON that commands print and read: camel case, nulls left out, indented.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [
        typeof(CamelCaseEnumConverter<TierKind>), typeof(CamelCaseEnumConverter<MissReason>), typeof(CamelCaseEnumConverter<RecipeChange>),
        typeof(CamelCaseEnumConverter<SettingOrigin>),
    ],
    WriteIndented = true)]
[JsonSerializable(typeof(ArtifactReport))]
[JsonSerializable(typeof(ConfiguredSetting[]))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(ListPage))]
[JsonSerializable(typeof(MissExplanation))]
[JsonSerializable(typeof(PurgeResult))]
[JsonSerializable(typeof(Recipe))]
[JsonSerializable(typeof(ScrubLine))]
[JsonSerializable(typeof(ScrubResult))]
[JsonSerializable(typeof(SizingPlan))]
[JsonSerializable(typeof(StatsDocument))]
[JsonSerializable(typeof(StoreStatistics))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(VerifyReport))]
[JsonSerializable(typeof(WasmReport))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>Prints one value and a line end on standard output.</summary>
    public static void Write<TValue>(Terminal terminal, TValue value, JsonTypeInfo<TValue> type) =>
        terminal.Say(JsonSerializer.Serialize(value, type));
}
