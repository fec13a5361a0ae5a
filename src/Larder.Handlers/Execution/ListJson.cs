using System.Text.Json.Serialization;

namespace Larder.Handlers.Execution;

/// <summary>Lists of names as JSON.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class ListJson : JsonSerializerContext;
