using System.Collections.Immutable;
using System.Text.Json;
using Larder.Handlers.Capabilities;
using Larder.Handlers.Contract;
using Larder.Node.Security;

namespace Larder.Node.Handlers;

/// <summary>Reads contexts, limits and answers of extensions that clients sent.</summary>
internal static class ContextReader
{
    private const int MaxNameLength = 256;

    /// <summary>The context of a call over HTTP.</summary>
    public static HandlerContext Read(JsonElement request, Caller caller) =>
        Read(JsonFields.Object(request, "context", "context"), caller.Tenant);

    /// <summary>The limits of a call; null when it names none. None is above that of the runtime.</summary>
    public static ExecutionLimits? Limits(JsonElement request, ExecutionLimits most)
    {
        var json = JsonFields.Object(request, "limits", "limits");
        if (json.ValueKind == JsonValueKind.Undefined)
        {
            return null;
        }

        // No time or fuel at all stands for any amount, which is more than every number.
        var longest = most.Timeout == TimeSpan.Zero ? int.MaxValue : (long)most.Timeout.TotalMilliseconds;
        return most with
        {
            Timeout = JsonFields.Number(json, "timeoutMs", 1, longest) is { } time ? TimeSpan.FromMilliseconds(time) : most.Timeout,
            Fuel = JsonFields.Number(json, "fuel", 1, most.Fuel == 0 ? long.MaxValue : most.Fuel) ?? most.Fuel,
            HostCalls = (int)(JsonFields.Number(json, "maxHostCalls", 0, most.HostCalls) ?? most.HostCalls),
            StateMutations = (int)(JsonFields.Number(json, "maxStateMutations", 0, most.StateMutations) ?? most.StateMutations),
            Events = (int)(JsonFields.Number(json, "maxEvents", 0, most.Events) ?? most.Events),
            ViewCommands = (int)(JsonFields.Number(json, "maxViewCommands", 0, most.ViewCommands) ?? most.ViewCommands),
            OutputBytes = (int)(JsonFields.Number(json, "maxOutputBytes", 0, most.OutputBytes) ?? most.OutputBytes),
            LogBytes = (int)(JsonFields.Number(json, "maxLogBytes", 0, most.LogBytes) ?? most.LogBytes),
        };
    }

    /// <summary>How an extension call ended: <c>{success,value}</c> or <c>{success,error}</c>.</summary>
    public static ResumeResult Resumption(JsonElement json)
    {
        if (JsonFields.Truth(json, "success") ?? throw ApiException.BadRequest("'result.success' is missing: it must be true or false."))
        {
            return ResumeResult.Of(JsonFields.Get(json, "value") ?? default);
        }

        var error = JsonFields.Get(json, "error");
        return ResumeResult.Failed(error is { ValueKind: JsonValueKind.Object } details
            ? JsonFields.Text(details, "message") ?? "The call failed."
            : JsonFields.Text(json, "error") ?? "The call failed.");
    }

    /// <summary>The capabilities of a list; null when there is none.</summary>
    public static CapabilitySet? Capabilities(JsonElement json, string name)
    {
        try
        {
            return JsonFields.Texts(json, name) is { } tokens ? CapabilitySet.Parse(tokens) : null;
        }
        catch (FormatException exception)
        {
            throw ApiException.BadRequest(exception.Message);
        }
    }

    /// <summary>Reads a context; undefined for an empty one.</summary>
    /// <exception cref="ApiException">Something about it is wrong.</exception>
    public static HandlerContext Read(JsonElement json, string tenant)
    {
        if (json.ValueKind == JsonValueKind.Undefined)
        {
            return new HandlerContext { PanelId = tenant };
        }

        if (json.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.BadRequest("The context must be an object.");
        }

        return new HandlerContext
        {
            PanelId = Name(json, "panelId") ?? tenant,
            HandlerName = Name(json, "handlerName") ?? "handler",
            State = JsonFields.Object(json, "stateSnapshot", "state"),
            Arguments = JsonFields.Object(json, "args", "arguments"),
            Scope = JsonFields.Object(json, "scope", "scope"),
            Capabilities = Capabilities(json, "capabilities") ?? CapabilitySet.None,
            Extensions = Extensions(JsonFields.Object(json, "extensionRegistry", "extensions")),
        };
    }

    private static string? Name(JsonElement json, string member)
    {
        var name = JsonFields.Text(json, member);
        return name is null or { Length: <= MaxNameLength }
            ? name
            : throw ApiException.BadRequest($"'{member}' has more than {MaxNameLength} characters.");
    }

    private static ImmutableDictionary<string, ImmutableArray<string>> Extensions(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Undefined)
        {
            return ImmutableDictionary<string, ImmutableArray<string>>.Empty;
        }

        var extensions = ImmutableDictionary.CreateBuilder<string, ImmutableArray<string>>(StringComparer.Ordinal);
        foreach (var extension in json.EnumerateObject())
        {
            extensions[extension.Name] = [.. JsonFields.Texts(json, extension.Name) ?? []];
        }

        return extensions.ToImmutable();
    }
}
