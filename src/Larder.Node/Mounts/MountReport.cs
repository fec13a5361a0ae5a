using System.Text.Json.Serialization;
using Larder.Oci.Mounting;

namespace Larder.Node.Mounts;

/// <summary>A mount in <c>/v1/mounts</c>.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Reference">The image.</param>
/// <param name="HeldBy"><c>node</c>, or <c>command</c> when <c>larder mount</c> made it.</param>
/// <param name="State"><c>ready</c>, <c>starting</c> or <c>failed</c>.</param>
/// <param name="Problem">Why it failed; it is tried again.</param>
/// <param name="Status">What its process says; null when there is none.</param>
internal sealed record MountReport(string Path, string Reference, string HeldBy, string State, string? Problem, MountStatus? Status);

/// <summary>The answer of <c>/v1/mounts</c>.</summary>
/// <param name="Root">Below which mounts may be made; null when this node makes none.</param>
/// <param name="Mounts">The mounts, in the order of their paths.</param>
internal sealed record MountsReport(string? Root, IReadOnlyList<MountReport> Mounts);

/// <summary>The JSON of mounts, and of the file that remembers them.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MountReport))]
[JsonSerializable(typeof(MountsReport))]
[JsonSerializable(typeof(MountOrder[]))]
internal sealed partial class MountJson : JsonSerializerContext;
