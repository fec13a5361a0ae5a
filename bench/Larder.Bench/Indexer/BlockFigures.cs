using System.Text.Json;
using System.Text.Json.Serialization;

namespace Larder.Bench.Indexer;

/// <summary>What a contestant says of a block.</summary>
/// <param name="Wall">Milliseconds by the clock.</param>
/// <param name="Processor">Milliseconds of processor time of its process.</param>
/// <param name="Writes">Pairs that were flushed.</param>
/// <param name="Digest">Digest of what was flushed.</param>
internal sealed record BlockFigures(double Wall, double Processor, int Writes, string Digest)
{
    public static BlockFigures Parse(string line) => JsonSerializer.Deserialize(line, FiguresJson.Default.BlockFigures)
        ?? throw new InvalidDataException($"\"{line}\" is no answer.");

    public override string ToString() => JsonSerializer.Serialize(this, FiguresJson.Default.BlockFigures);
}

/// <summary>How figures travel between the benchmark and its contestants.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BlockFigures))]
internal sealed partial class FiguresJson : JsonSerializerContext;
