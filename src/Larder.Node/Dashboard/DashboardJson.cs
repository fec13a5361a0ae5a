using System.Text.Json.Serialization;

namespace Larder.Node.Dashboard;

/// <summary>Writes the dashboard's reports: camelCase, without nulls for optional facts being hidden.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(StatsReport))]
[JsonSerializable(typeof(HistoryReport))]
[JsonSerializable(typeof(EventsReport))]
[JsonSerializable(typeof(LiveReport))]
[JsonSerializable(typeof(ProblemReport))]
internal sealed partial class DashboardJson : JsonSerializerContext;

/// <summary>Why a request was refused, in one sentence.</summary>
/// <param name="Error">What was wrong and what to do.</param>
internal sealed record ProblemReport(string Error);
