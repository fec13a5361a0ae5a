using System.Reflection;
using System.Text.Json;
using Larder.Node.Handlers;
using Larder.Node.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Node.Panels;

/// <summary>
/// <c>/health</c>: whether the node can do what it is there for, with the figures that an operator looks at first. Open to
/// everyone, as the paths that clusters ask must be.
/// </summary>
internal sealed class ServiceHealthEndpoint(HandlerService handlers, PanelRegistry panels) : IEndpoint
{
    public const string Path = "/health";

    private static readonly string Version =
        typeof(ServiceHealthEndpoint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?
            .InformationalVersion.Split('+')[0] ?? "0";

    private readonly long _startedAt = panels.Services.Clock.GetTimestamp();

    public string Name => "health";

    public Task HandleAsync(NodeRequest request) => ApiAnswer.RunAsync(request, AnswerAsync);

    private Task AnswerAsync(NodeRequest request)
    {
        ApiAnswer.Allow(request, RequestMethod.Get | RequestMethod.Head);
        var (status, reason) = Judge(request.Services.State);
        return ApiAnswer.JsonAsync(
            request,
            status == "unhealthy" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK,
            writer => Write(writer, status, reason));
    }

    // Degraded is in need of a look and still the best place to send work to; unhealthy is not.
    private (string Status, string? Reason) Judge(NodeState node) =>
        node.IsDraining ? ("unhealthy", "The node is stopping.")
        : handlers.State switch
        {
            "failed" => ("degraded", handlers.Problem),
            "off" => ("degraded", "Handlers are switched off."),
            "starting" => ("degraded", "The runtime of handlers is starting."),
            _ when !node.IsReady => ("degraded", "The cache is reading its index."),
            _ when panels.Services.Options.MaxPanels > 0 && panels.Count >= panels.Services.Options.MaxPanels => ("degraded", "There is no room for more panels."),
            _ => ("healthy", null),
        };

    private void Write(Utf8JsonWriter writer, string status, string? reason)
    {
        var statistics = handlers.Current?.Statistics() ?? new();
        var panelCount = panels.Count;
        var memory = GC.GetGCMemoryInfo();
        writer.WriteStartObject();
        writer.WriteString("status"u8, status);
        if (reason is not null)
        {
            writer.WriteString("reason"u8, reason);
        }

        writer.WriteString("version"u8, Version);
        writer.WriteNumber("uptime"u8, (long)panels.Services.Clock.GetElapsedTime(_startedAt).TotalMilliseconds);
        if (panels.Services.Options.Workspace is { } workspace)
        {
            writer.WriteString("workspaceId"u8, workspace);
        }

        writer.WriteNumber("activePanels"u8, panelCount);
        writer.WriteNumber("maxPanels"u8, panels.Services.Options.MaxPanels);
        writer.WriteStartObject("panels"u8);
        writer.WriteNumber("active"u8, panelCount);
        writer.WriteNumber("suspended"u8, panels.Suspended);
        writer.WriteEndObject();
        writer.WriteStartObject("runtime"u8);
        writer.WriteString("state"u8, handlers.State);
        writer.WriteNumber("activeInstances"u8, statistics.ActiveInstances);
        writer.WriteNumber("availableInstances"u8, statistics.AvailableInstances);
        writer.WriteNumber("suspendedInstances"u8, statistics.SuspendedInstances);
        writer.WriteNumber("cacheHitRate"u8, statistics.CacheHitRate);
        writer.WriteNumber("memoryBytes"u8, statistics.TotalMemoryBytes);
        writer.WriteEndObject();
        writer.WriteStartObject("wasmRuntime"u8);
        writer.WriteString("status"u8, handlers.State);
        writer.WriteNumber("activeInstances"u8, statistics.ActiveInstances);
        writer.WriteNumber("availableInstances"u8, statistics.AvailableInstances);
        writer.WriteEndObject();
        writer.WriteStartObject("memoryUsage"u8);
        writer.WriteNumber("used"u8, Environment.WorkingSet);
        writer.WriteNumber("total"u8, memory.TotalAvailableMemoryBytes);
        writer.WriteNumber("percent"u8, Math.Round(100.0 * Environment.WorkingSet / Math.Max(1, memory.TotalAvailableMemoryBytes), 1));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
